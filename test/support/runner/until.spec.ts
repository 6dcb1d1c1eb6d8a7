import { describe, expect, it } from '@jest/globals';
import { until } from './until.js';

describe(until.name, () => {
  it('answers what is found in the end, false and null too', async () => {
    const answers = [undefined, undefined, false];
    expect(await until('it', 1000, () => answers.shift(), 1)).toBe(false);
    expect(await until('it', 1000, () => Promise.resolve(null), 1)).toBeNull();
  });

  it('says what did not happen, and the last reason', async () => {
    await expect(until('rain', 20, () => Promise.reject(new Error('sun')), 1)).rejects.toMatchObject({
      message: 'rain did not happen within 0.02 s',
      cause: new Error('sun'),
    });
  });

  it('gives up a look that hangs', async () => {
    await expect(until('an answer', 20, () => new Promise<never>(() => undefined))).rejects.toThrow('did not happen');
  });
});
