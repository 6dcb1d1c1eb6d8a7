import { describe, expect, it } from '@jest/globals';
import { rateLimitIn } from './rate-limit.js';

const now = Date.parse('2026-01-01T00:00:00Z');

describe('rateLimitIn', () => {
  it.each([
    ['toomanyrequests: retry-after: 711.804µs, allowed: 44000/minute', 1],
    ['toomanyrequests: retry-after: 1.5s, allowed: 44000/minute', 1500],
    ['toomanyrequests: retry-after: 1m30s', 90_000],
    ['toomanyrequests: Retry-After: 7', 7000],
    ['429 Too Many Requests: try again in 30 seconds', 30_000],
    ['toomanyrequests: Too many requests, retry after 2 minutes', 120_000],
    ['toomanyrequests: retry-after: Thu, 01 Jan 2026 00:00:20 GMT', 20_000],
  ])('reads the delay that the registry asks for: %s', (message, delayMs) => {
    expect(rateLimitIn(message, now)).toEqual({ delayMs, isQuota: false });
  });

  it.each([
    'toomanyrequests: Rate exceeded',
    'toomanyrequests: Too Many Requests',
    'error parsing HTTP 429 response body: invalid character \'T\' looking for beginning of value: "Too Many Requests"',
    'error parsing HTTP 429 response body: invalid character \'<\' looking for beginning of value: "<html>"',
    'unknown: failed to resolve reference "ghcr.io/me/app:1": unexpected status from HEAD request to https://ghcr.io/v2/me/app/manifests/1: 429 Too Many Requests',
    'received unexpected HTTP status: 429 Too Many Requests',
    "denied: Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'",
  ])('takes a limit without a delay for a short one: %s', (message) => {
    expect(rateLimitIn(message, now)).toEqual({ delayMs: undefined, isQuota: false });
  });

  it.each([
    'toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
    'toomanyrequests: Data limit exceeded',
    'toomanyrequests: retry-after: 6h',
    "toomanyrequests: Quota exceeded for quota metric 'Requests' and limit 'Requests per day'",
  ])('tells a quota, which no retry can wait for: %s', (message) => {
    expect(rateLimitIn(message, now)?.isQuota).toBe(true);
  });

  it.each([
    '',
    'manifest for r.io/toomanyrequests:v9 not found: manifest unknown',
    'Get "https://r.io:429/v2/": connection refused',
    'failed to resolve reference "r.io/too/app:429": not found',
  ])('finds none where the message is about something else: %s', (message) => {
    expect(rateLimitIn(message, now)).toBeUndefined();
  });

  it('is quick whatever it is given', () => {
    const begin = performance.now();
    for (const part of ['quota exceeded ', 'retry-after: ', 'retry-after: 1s', '9', ': 429 '])
      rateLimitIn(`toomanyrequests ${part.repeat(1000)}`, now);
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});
