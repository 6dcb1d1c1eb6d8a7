import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { dependenciesOf, dependentsAmong, inOrder, withDependencies } from './dependencies.js';

const id = (digit: string): string => digit.repeat(64);
const web = containerInspect({ Id: id('a'), Name: '/web' });
const onNetwork = containerInspect({
  Id: id('b'),
  Name: '/net',
  HostConfig: { NetworkMode: `container:${web.Id}`, PidMode: 'host', IpcMode: 'private' },
});
const onPid = containerInspect({ Id: id('c'), Name: '/pid', HostConfig: { PidMode: `container:${onNetwork.Id}` } });
const linked = containerInspect({ Id: id('d'), Name: '/linked', HostConfig: { Links: ['/web:/linked/backend'] } });
const pair = { name: 'web', oldId: web.Id, newId: id('e') };

describe('dependenciesOf', () => {
  it('names what a container shares namespaces with, or links to', () => {
    expect([web, onNetwork, onPid, linked].map(dependenciesOf)).toEqual([[], [web.Id], [onNetwork.Id], ['web']]);
  });
});

describe('dependentsAmong', () => {
  it('finds them through one another, each after what it depends on, and nobody else', () => {
    const found = dependentsAmong([onPid, linked, onNetwork, web, containerInspect({ Id: id('f') })], web);
    expect(found.map(({ Name }) => Name).sort()).toEqual(['/linked', '/net', '/pid']);
    expect(found.indexOf(onNetwork)).toBeLessThan(found.indexOf(onPid));
  });
});

describe('withDependencies', () => {
  it('turns namespaces, links and volumes to the replacement, and leaves everything else', () => {
    expect(withDependencies(onNetwork, [pair]).HostConfig).toMatchObject({
      NetworkMode: `container:${pair.newId}`,
      PidMode: 'host',
      IpcMode: 'private',
    });
    expect(withDependencies(onPid, [pair]).HostConfig.PidMode).toBe(`container:${onNetwork.Id}`);
    expect(withDependencies(linked, [pair]).HostConfig.Links).toEqual([
      `/web-upd-new-${'a'.repeat(12)}:/linked/backend`,
    ]);
    const volumes = containerInspect({ HostConfig: { VolumesFrom: [`${web.Id.slice(0, 12)}:ro`, 'web', 'other'] } });
    expect(withDependencies(volumes, [pair]).HostConfig.VolumesFrom).toEqual([`${pair.newId}:ro`, 'web', 'other']);
  });
});

describe('inOrder', () => {
  it('puts each after all that it needs, whatever the order and the needs', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(40)), fc.func(fc.boolean()), (items, random) => {
        // Only a smaller number can be needed, so that there is no circle.
        const needs = (one: number, other: number): boolean => other < one && random(one, other);
        const ordered = inOrder(items, needs);
        expect([...ordered].sort()).toEqual([...items].sort());
        for (const [position, one] of ordered.entries())
          for (const later of ordered.slice(position + 1)) expect(needs(one, later)).toBe(false);
      }),
    );
  });
});
