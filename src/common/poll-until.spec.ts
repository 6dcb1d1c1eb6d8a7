import { describe, expect, it } from '@jest/globals';
import { pollUntil } from './poll-until.js';

async function never(polled: Promise<string | undefined>): Promise<void> {
  expect(await polled).toBeUndefined();
}

describe('pollUntil', () => {
  it('calls at once, and again until there is an answer', async () => {
    let calls = 0;
    const ask = (): number | undefined => (++calls === 3 ? calls : undefined);
    expect(await pollUntil(ask, { intervalMs: 1, timeoutMs: 60_000 })).toBe(3);
    expect(await pollUntil(() => 'there', { intervalMs: 60_000, timeoutMs: 60_000 })).toBe('there');
  });

  it('takes false, 0 and null as answers', async () => {
    for (const answer of [false, 0, null])
      expect(await pollUntil(() => answer, { intervalMs: 1, timeoutMs: 60_000 })).toBe(answer);
  });

  it('ends with its time, and calls once more then', async () => {
    const begin = performance.now();
    const times: number[] = [];
    const ask = (): string | undefined => {
      times.push(performance.now() - begin);
      return undefined;
    };
    await never(pollUntil(ask, { intervalMs: 60_000, timeoutMs: 30 }));
    expect(times).toHaveLength(2);
    expect(times[1]).toBeGreaterThanOrEqual(25);
    await never(pollUntil(ask, { intervalMs: 60_000, timeoutMs: 0 }));
    expect(times).toHaveLength(3);
  });

  it('ends with its signal, in the middle of a pause too, and calls nobody after that', async () => {
    let calls = 0;
    const ask = (): string | undefined => {
      calls++;
      return undefined;
    };
    const stop = new AbortController();
    const polled = pollUntil(ask, { intervalMs: 60_000, timeoutMs: 60_000, signal: stop.signal });
    setTimeout(() => {
      stop.abort();
    }, 10);
    expect(await polled).toBeUndefined();
    expect(calls).toBe(1);
    await never(pollUntil(ask, { intervalMs: 1, timeoutMs: 60_000, signal: stop.signal }));
    expect(calls).toBe(1);
  });

  it('throws what the function throws', async () => {
    const fail = (): never => {
      throw new Error('no');
    };
    await expect(pollUntil(fail, { intervalMs: 1, timeoutMs: 60_000 })).rejects.toThrow('no');
  });
});
