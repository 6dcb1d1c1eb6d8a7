import { expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deadline, limited } from './deadline.js';

it('aborts what it is a part of, whatever is collected meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const aborted = new Promise((resolve) => {
    const either = AbortSignal.any([new AbortController().signal, deadline(300)]);
    either.addEventListener(
      'abort',
      () => {
        resolve(either.reason);
      },
      { once: true },
    );
  });
  const collecting = setInterval(collect, 20);
  expect(await aborted).toMatchObject({ name: 'TimeoutError' });
  clearInterval(collecting);
});

it('limits by its time, or by another signal, whichever comes first', async () => {
  const none = limited(60_000);
  expect(none.signal.aborted).toBe(false);
  none.end();
  const late = limited(1);
  await new Promise((resolve) => {
    late.signal.addEventListener('abort', resolve, { once: true });
  });
  const other = new AbortController();
  const early = limited(60_000, other.signal);
  other.abort();
  expect(early.signal.aborted).toBe(true);
  expect(limited(60_000, other.signal).signal.aborted).toBe(true);
});

it('lets go of both when it is over', () => {
  const other = new AbortController();
  const { signal, end } = limited(60_000, other.signal);
  end();
  expect(getEventListeners(other.signal, 'abort')).toEqual([]);
  other.abort();
  expect(signal.aborted).toBe(false);
});
