import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LogTail } from './log-tail.js';

function frame(stream: number, text: string | Buffer): Buffer {
  const payload = Buffer.from(text as string);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function tailOf(chunks: readonly Buffer[], maxLines = 20, isPlain = false): string[] {
  const tail = new LogTail(maxLines, isPlain);
  for (const chunk of chunks) tail.add(chunk);
  return tail.text().split('\n');
}

describe('LogTail', () => {
  it('keeps the last lines that are not empty', () => {
    expect(tailOf([frame(1, 'one\r\ntwo\n\n'), frame(2, 'three\n')], 2)).toEqual(['two', 'three']);
    expect(tailOf([])).toEqual(['']);
  });

  it('takes the output of a terminal as it is', () => {
    expect(tailOf([Buffer.from('on'), Buffer.from('e\r\ntwo')], 20, true)).toEqual(['one', 'two']);
  });

  it('puts the pieces of a long line together, whatever the other stream says in between', () => {
    expect(tailOf([frame(1, 'pass'), frame(2, 'oops\n'), frame(1, 'word\n')])).toEqual(['oops', 'password']);
  });

  it('reads the same wherever the chunks are cut, within headers and characters too', () => {
    const whole = Buffer.concat([frame(1, 'größe\nzwei\n'), frame(2, 'drei\n'), frame(1, 'ende')]);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 12 }), (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), whole.length];
        const chunks = ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
        expect(tailOf(chunks)).toEqual(['größe', 'zwei', 'drei', 'ende']);
      }),
    );
  });

  it('says where it has cut a line', () => {
    const [line] = tailOf([frame(1, 'x'.repeat(5000))]);
    expect(line).toBe(`${'x'.repeat(2048)}…`);
  });

  it('keeps no more than 32 KiB, the last ones, of a line of 1 GB too', () => {
    const tail = new LogTail(200, false);
    const piece = frame(1, 'x'.repeat(16 * 1024));
    for (let sent = 0; sent < 1024; sent++) tail.add(piece);
    for (let line = 0; line < 200; line++) tail.add(frame(2, `${line} ${'y'.repeat(1000)}\n`));
    const text = tail.text();
    expect(text.length).toBeLessThan(32 * 1024 + 100);
    expect(text).toContain('\n199 y');
    expect(text).toMatch(/x…$/);
  });
});
