import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../../test/support/fixtures/containers.js';
import { userMacOfEndpoint } from './mac-address.js';

const global = '00:16:3e:0a:29:33';
const local = '92:d0:c6:0a:29:33';
const docker = '02:42:c6:0a:29:33';
const made = '02:42:0a:00:00:05';

describe('userMacOfEndpoint', () => {
  const running = containerInspect();

  it.each([
    ['Engine 27: any that is not made from the address', local, '1.47', { address: local, isUncertain: false }],
    ['Engine 27: one made from the address', made, '1.47', { isUncertain: false }],
    ['Engine 28: a globally administered one', global, '1.48', { address: global, isUncertain: false }],
    ['Engine 28: one with Docker’s old prefix', docker, '1.48', { address: docker, isUncertain: false }],
    ['Engine 28: one made from the address, by another driver', made, '1.48', { isUncertain: false }],
    ['Engine 28: a locally administered one', local, '1.48', { isUncertain: true }],
    ['none', '', '1.51', { isUncertain: false }],
  ])('%s', (_, MacAddress, apiVersion, expected) => {
    expect(userMacOfEndpoint(running, { MacAddress, IPAddress: '10.0.0.5' }, { apiVersion })).toEqual(expected);
  });

  it('keeps any of a container that never ran, and of one whose user says so', () => {
    const kept = { address: local, isUncertain: false };
    const created = containerInspect({ State: { Status: 'created', Running: false } });
    expect(userMacOfEndpoint(created, { MacAddress: local }, { apiVersion: '1.51' })).toEqual(kept);
    const said = { apiVersion: '1.51', keepsMac: true };
    expect(userMacOfEndpoint(running, { MacAddress: local }, said)).toEqual(kept);
  });
});
