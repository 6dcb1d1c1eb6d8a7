import { expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deadline } from './deadline.js';

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
