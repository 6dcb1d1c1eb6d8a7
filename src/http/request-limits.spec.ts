import { describe, expect, it } from '@jest/globals';
import { refusalOfFragment, refusalOfHeaders } from './request-limits.js';

describe('refusalOfHeaders', () => {
  const many = (count: number): string[] => Array.from({ length: 2 * count }, (_, at) => `h${at}`);

  it.each([
    ['one host', ['Host', 'a', 'Accept', '*/*']],
    ['100 headers', many(100)],
    ['a value named host', ['X-A', 'host', 'Host', 'b']],
  ])('allows %s', (_, headers) => {
    expect(refusalOfHeaders(headers)).toBeUndefined();
  });

  it('refuses two hosts, in any case, and more than 100 headers', () => {
    expect(refusalOfHeaders(['Host', 'a', 'hOST', 'a'])?.getStatus()).toBe(400);
    expect(refusalOfHeaders(many(101))).toMatchObject({ code: 'too_many_headers' });
  });
});

describe('refusalOfFragment', () => {
  it.each(['/notify/web#x', '/notify/web#', '#', '/deployments?limit=1#x'])('refuses %j', (url) => {
    expect(refusalOfFragment(url)?.getStatus()).toBe(400);
  });

  it.each(['/notify/web', '/notify/web%23x', '*', 'http://x/notify/web'])('allows %j', (url) => {
    expect(refusalOfFragment(url)).toBeUndefined();
  });
});
