import { describe, expect, it } from '@jest/globals';
import { problemOfRedisUrl } from './redis-url.js';

describe('problemOfRedisUrl', () => {
  it.each(['redis://127.0.0.1', 'rediss://agent:pass%2Fword@redis.example:6380/1', 'redis://[::1]:6379/'])(
    'takes %s',
    (url) => {
      expect(problemOfRedisUrl(url)).toBeUndefined();
    },
  );

  it.each([
    'localhost:6379',
    'http://redis',
    'redis://',
    'redis://h/db',
    'redis://h?family=6',
    'rediss://u:hidden@h/x',
  ])('refuses %s, and does not repeat it', (url) => {
    expect(problemOfRedisUrl(url)).toMatch(/^must be redis:/);
    expect(problemOfRedisUrl(url)).not.toContain('hidden');
  });
});
