import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { selfAmong } from './self-among.js';

const owner = containerInspect({ Id: 'b'.repeat(64), GraphDriver: { Data: { UpperDir: '/o2/0/diff' } } });
const sharing = containerInspect({
  Id: 'c'.repeat(64),
  HostConfig: { NetworkMode: `container:${owner.Id}` },
  GraphDriver: { Data: { UpperDir: '/o2/1/diff' } },
});
const own = { networkOwnerId: owner.Id, upperFolder: '/o2/1/diff', startedAtMs: Date.parse('2026-01-01T00:01:00Z') };

describe('selfAmong', () => {
  it('is the owner of the network, unless the root file system is that of one that shares it', () => {
    const other = containerInspect({ Id: 'a'.repeat(64) });
    expect(selfAmong([other, owner], own)).toBe(owner);
    expect(selfAmong([other, owner, sharing], own)).toBe(sharing);
    expect(selfAmong([other, owner, sharing], { ...own, upperFolder: '/o2/2/diff' })).toBe(owner);
    expect(selfAmong([other, owner, sharing], undefined)).toBeUndefined();
  });

  describe('where the engine does not show root file systems', () => {
    const service = (id: string, StartedAt: string): ReturnType<typeof containerInspect> =>
      containerInspect({
        Id: id.repeat(64),
        State: { StartedAt },
        HostConfig: { NetworkMode: `container:${owner.Id}` },
        Config: { Labels: { 'org.opencontainers.image.title': 'trigger-docker-pull' } },
        GraphDriver: { Data: null },
      });
    const bare = { ...owner, GraphDriver: undefined };
    const neighbour = { ...sharing, GraphDriver: undefined };
    const before = service('1', '2026-01-01T00:00:10Z');
    const self = service('2', '2026-01-01T00:00:59Z');
    const helper = service('3', '2026-01-01T00:02:00Z');

    it('is the container of the service that started last before the process', () => {
      expect(selfAmong([bare, neighbour, before, self, helper], own)).toBe(self);
      expect(selfAmong([helper, self, neighbour], own)).toBe(self);
    });

    it('is the owner of the network if no container of the service shares it', () => {
      expect(selfAmong([bare, neighbour], own)).toBe(bare);
      expect(selfAmong([neighbour], own)).toBeUndefined();
    });
  });
});
