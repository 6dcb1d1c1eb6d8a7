import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { shortenedStops, stopTime } from './stop-time.js';

const tenMinutesMs = 600_000;
const withTimeout = (StopTimeout?: number) => containerInspect({ Config: { StopTimeout } });

describe('stopTime', () => {
  it.each([
    ["the engine's default", undefined, { graceMs: 10_000 }],
    ['none', 0, { graceMs: 0 }],
    ['a minute', 60, { graceMs: 60_000 }],
    ['exactly MAX_STOP_TIME', 600, { graceMs: 600_000 }],
    ['more than MAX_STOP_TIME', 601, { graceMs: 600_000, askedSeconds: 600 }],
    ['as long as it takes', -1, { graceMs: 600_000, askedSeconds: 600 }],
    ['the largest number', 2_147_483_647, { graceMs: 600_000, askedSeconds: 600 }],
  ])('gives a container with %s its time', (_, timeout, time) => {
    expect(stopTime(withTimeout(timeout), tenMinutesMs)).toEqual(time);
  });

  it('asks the engine for whole seconds', () => {
    expect(stopTime(withTimeout(-1), 1500)).toEqual({ graceMs: 2000, askedSeconds: 2 });
  });
});

describe('shortenedStops', () => {
  it('names running containers that get less time than they were given', () => {
    const stopped = containerInspect({ Config: { StopTimeout: -1 }, State: { Running: false } });
    const told = shortenedStops([withTimeout(), withTimeout(-1), withTimeout(3600), stopped], tenMinutesMs);
    expect(told).toEqual([
      expect.stringMatching(/stop timeout -1 \(as long as it takes\): an update kills it after 600 s/),
      expect.stringMatching(/stop timeout 3600 s: an update kills it after 600 s, as MAX_STOP_TIME says/),
    ]);
  });
});
