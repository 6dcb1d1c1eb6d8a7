import { describe, expect, it } from '@jest/globals';
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../../../test/support/engine/engine-model.js';
import { userMaskedPaths, userReadonlyPaths } from './kernel-paths.js';

describe('userMaskedPaths and userReadonlyPaths', () => {
  it.each([
    ['Engine 18.06', defaultMaskedPaths.filter((path) => path !== '/proc/asound')],
    ['Engine 20.10', defaultMaskedPaths],
    ['Engine 25', [...defaultMaskedPaths, '/sys/devices/virtual/powercap']],
    ['Engine 28', [...defaultMaskedPaths, '/proc/interrupts', '/sys/devices/system/cpu/cpu12/thermal_throttle']],
  ])('leaves the list of %s to the engine', (_, paths) => {
    expect(userMaskedPaths(paths)).toBeUndefined();
  });

  it.each([
    ['an empty list', []],
    ['a part of the defaults', ['/proc/kcore']],
    ['more than the defaults', [...defaultMaskedPaths, '/proc/mine']],
  ])('keeps %s', (_, paths) => {
    expect(userMaskedPaths(paths)).toEqual(paths);
  });

  it('does the same with the read-only paths', () => {
    expect(userReadonlyPaths(defaultReadonlyPaths)).toBeUndefined();
    expect(userReadonlyPaths(['/proc/asound', ...defaultReadonlyPaths])).toBeUndefined();
    expect(userReadonlyPaths(['/proc/sys'])).toEqual(['/proc/sys']);
    expect(userReadonlyPaths(null)).toBeUndefined();
  });
});
