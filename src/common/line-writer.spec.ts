import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { LineWriter } from './line-writer.js';

describe('LineWriter', () => {
  const written: string[] = [];
  const sink = (name: string): { write: (text: string) => void } => ({
    write: (text) => void written.push(`${name}: ${text}`),
  });
  const [out, err] = [sink('out'), sink('err')];

  it('writes what is due in one turn at once, in its order, and what comes later in the next', async () => {
    const writer = new LineWriter();
    writer.write(out, 'one');
    writer.write(out, 'two');
    writer.write(err, 'three');
    writer.write(out, 'four');
    expect(written).toEqual([]);
    await setImmediate();
    expect(written).toEqual(['out: one\ntwo\n', 'err: three\n', 'out: four\n']);
    writer.write(out, 'five');
    await setImmediate();
    expect(written.at(-1)).toBe('out: five\n');
  });

  it('writes what is due before the process ends', () => {
    written.length = 0;
    const before = process.listeners('exit');
    new LineWriter().write(out, 'last words');
    const [flush] = process.listeners('exit').filter((listener) => !before.includes(listener));
    flush?.(0);
    expect(written).toEqual(['out: last words\n']);
  });
});
