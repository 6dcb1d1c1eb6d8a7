import { describe, expect, it } from '@jest/globals';
import { withTimeout } from './with-timeout.js';

const never = new Promise<never>(() => undefined);
const late = (): Error => new Error('late');

describe('withTimeout', () => {
  it('answers what the work answers', async () => {
    expect(await withTimeout(Promise.resolve(7), 60_000, late)).toBe(7);
  });

  it('throws what the work throws', async () => {
    await expect(withTimeout(Promise.reject(new Error('no')), 60_000, late)).rejects.toThrow('no');
  });

  it('throws when the time is over', async () => {
    await expect(withTimeout(never, 5, late)).rejects.toThrow('late');
  });
});
