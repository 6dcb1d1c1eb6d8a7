import { describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import { AddressCounter } from './address-counter.js';
import { clientAddress } from './client-address.js';

/** @param ip what Express takes for the address of the client */
function from(ip: string | undefined, peer = '::ffff:10.0.0.1'): string {
  return clientAddress({ ip, socket: { remoteAddress: peer } } as unknown as Request);
}

describe('clientAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('reads %j as %j', (ip, address) => {
    expect(from(ip)).toBe(address);
  });

  it.each([
    undefined,
    '',
    'unknown',
    '_hidden',
    '999.1.1.1',
    'x'.repeat(8000),
    `fe80::1%${'x'.repeat(8000)}`,
    '<script>',
    '\u001b[31m',
  ])('takes the other end of the connection for %j, which is no address', (ip) => {
    expect(from(ip)).toBe('10.0.0.1');
  });

  it('is an address that can be counted, also with the name of an interface', () => {
    expect(new AddressCounter().add(from('fe80::1%eth0')).count).toBe(1);
    expect(new AddressCounter().add(from(undefined, 'fe80::1%eth0')).count).toBe(1);
  });
});
