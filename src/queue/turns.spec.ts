import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.js';

describe('Turns', () => {
  it('lets those of one key go one after the other, in their order, and those of others at once', async () => {
    const turns = new Turns();
    const done: string[] = [];
    const work = async (key: string, name: string): Promise<void> => {
      const end = await turns.take(key);
      await new Promise((resolve) => setImmediate(resolve));
      done.push(name);
      end();
    };
    const first = await turns.take('a');
    const waiting = [work('a', 'a1'), work('a', 'a2')];
    await work('b', 'b1');
    expect(done).toEqual(['b1']);
    first();
    await Promise.all(waiting);
    expect(done).toEqual(['b1', 'a1', 'a2']);
  });
});
