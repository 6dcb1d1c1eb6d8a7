import { describe, expect, it } from '@jest/globals';
import { NotifyPacing } from './notify-pacing.js';

function loop(pacing: NotifyPacing, looks: number, hasChanged = false, from = 0): number {
  let now = from;
  for (let look = 0; look < looks; look++) {
    now += pacing.delayOf('web', now).delayMs;
    pacing.note('web', hasChanged, now);
  }
  return now;
}

describe('NotifyPacing', () => {
  it('lets 30 notifies without a change go at once, and then waits longer and longer, up to 30 s', () => {
    const pacing = new NotifyPacing();
    expect(loop(pacing, 30)).toBe(0);
    const delays: number[] = [];
    for (let now = 0, look = 0; look < 8; look++) {
      const { delayMs } = pacing.delayOf('web', now);
      delays.push(delayMs);
      now += delayMs;
      pacing.note('web', false, now);
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('bounds how often the registry is asked for a container within an hour', () => {
    const pacing = new NotifyPacing();
    let looks = 0;
    for (let now = 0; now < 3_600_000; looks++) now = loop(pacing, 1, false, now);
    expect(looks).toBeLessThan(160);
  });

  it('does not slow down updates that change something, nor what follows one', () => {
    const pacing = new NotifyPacing();
    expect(loop(pacing, 100, true)).toBe(0);
    const now = loop(pacing, 40);
    pacing.note('web', true, now);
    expect(pacing.delayOf('web', now).delayMs).toBe(0);
  });

  it('does not slow down other containers, and forgets what was long ago', () => {
    const pacing = new NotifyPacing();
    const now = loop(pacing, 40);
    expect(pacing.delayOf('api', now).delayMs).toBe(0);
    pacing.note('web', false, now + 120_000);
    expect(pacing.delayOf('web', now + 120_000).delayMs).toBe(0);
  });

  it('remembers the last thousand containers', () => {
    const pacing = new NotifyPacing();
    const now = loop(pacing, 40);
    for (let other = 0; other < 1000; other++) pacing.note(`c${other}`, false, now);
    expect(pacing.delayOf('web', now).count).toBe(0);
  });
});
