import { describe, expect, it } from '@jest/globals';
import { trustedProxies } from './trusted-proxies.js';

describe('trustedProxies', () => {
  it.each([
    ['127.0.0.1', ['127.0.0.1']],
    ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
    ['loopback', ['loopback']],
  ])('reads %p', (text, expected) => {
    expect(trustedProxies(text)).toEqual(expected);
  });

  it.each(['', 'true', '1', 'proxy.example', '10.0.0.0/33', '10.0.0.0/', '0.0.0.0/0', '10.0.0.1/8/8', '::1/129', 'a,'])(
    'refuses %p: whoever it would trust could claim any address',
    (text) => {
      expect(trustedProxies(text)).toBeUndefined();
    },
  );
});
