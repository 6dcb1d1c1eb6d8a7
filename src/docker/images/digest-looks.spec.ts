import { describe, expect, it, jest } from '@jest/globals';
import { DigestLooks } from './digest-looks.js';
import { UpdateError } from '../update/outcome.js';

const image = 'registry.example/acme/web:latest';
const wanted = `sha256:${'a'.repeat(64)}`;
const served = `sha256:${'b'.repeat(64)}`;

function waitMs(looks: DigestLooks, now: number, name = image, digest = wanted): number {
  try {
    looks.assertMayLook(name, digest, now);
    return 0;
  } catch (error) {
    expect(error).toMatchObject({ code: 'digest_mismatch', stage: 'pull', passes: true });
    expect((error as UpdateError).message).toContain(digest);
    return (error as UpdateError).retryAfterMs ?? NaN;
  }
}

describe('DigestLooks', () => {
  it('leaves a repository alone for ever longer, up to 10 s, whichever tag is looked at', () => {
    const looks = new DigestLooks();
    expect(waitMs(looks, 0)).toBe(0);
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      looks.noteFailure(image, served, 0);
      return waitMs(looks, 0, 'registry.example/acme/web:other');
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(waitMs(looks, 9999)).toBe(1);
    expect(waitMs(looks, 10_000)).toBe(0);
    expect(waitMs(looks, 0, 'registry.example/acme/api:latest')).toBe(0);
  });

  it('lets one look at once that expects what the last look has seen', () => {
    const looks = new DigestLooks();
    looks.noteFailure(image, served, 0);
    expect(waitMs(looks, 0, image, served)).toBe(0);
    looks.noteFailure(image, undefined, 0);
    expect(waitMs(looks, 0, image, served)).toBe(2000);
  });

  it('begins anew after a look that found what was expected, and after a minute without one', () => {
    const looks = new DigestLooks();
    for (let count = 0; count < 5; count++) looks.noteFailure(image, served, 0);
    looks.noteFailure(image, served, 60_000);
    expect(waitMs(looks, 60_000)).toBe(1000);
    looks.noteFailure(image, served, 60_000);
    looks.noteSuccess(image);
    expect(waitMs(looks, 60_000)).toBe(0);
  });

  it('remembers a bounded number of repositories, and forgets those that failed the longest ago', () => {
    const looks = new DigestLooks();
    for (let count = 0; count <= 1000; count++) looks.noteFailure(`registry.example/r${count}:1`, served, 0);
    expect(waitMs(looks, 0, 'registry.example/r0:1')).toBe(0);
    expect(waitMs(looks, 0, 'registry.example/r1000:1')).toBe(1000);
  });

  it('waits no longer when the clock of the host jumps back', () => {
    const looks = new DigestLooks();
    looks.noteFailure(image, served);
    const wallClock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
    try {
      expect(() => {
        looks.assertMayLook(image, wanted);
      }).toThrow(expect.objectContaining({ retryAfterMs: expect.closeTo(1000, -3) }));
    } finally {
      wallClock.mockRestore();
    }
  });
});
