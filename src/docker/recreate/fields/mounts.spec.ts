import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../../test/support/fixtures/containers.js';
import type { HostConfig, MountPoint } from '../../engine/engine-types.js';
import { mountRequest } from './mounts.js';

const volume = (Name: string, Destination: string): MountPoint => ({ Type: 'volume', Name, Destination, RW: true });
const carried = (Source: string, Target: string) => ({
  Type: 'volume',
  Source,
  Target,
  VolumeOptions: { NoCopy: true },
});

function requestOf(HostConfig: HostConfig, Mounts: MountPoint[], Volumes?: Record<string, object>) {
  return mountRequest(containerInspect({ HostConfig, Mounts, Config: { Volumes } }), {});
}

describe('mountRequest', () => {
  it('does not mount twice what a bind, a mount or a tmpfs covers, however its path is written', () => {
    const HostConfig = {
      Binds: ['data:/a/', '/srv:/b:ro,z'],
      Mounts: [{ Type: 'volume', Source: 'named', Target: '/c/' }],
      Tmpfs: { '/d/': '' },
    };
    const points = [volume('data', '/a'), volume('named', '/c'), volume('anonymous', '/e')];
    const request = requestOf(HostConfig, points, { '/a': {}, '/d': {}, '/e': {} });
    expect(request).toMatchObject({ Binds: HostConfig.Binds, Volumes: {} });
    expect(request.Mounts).toEqual([HostConfig.Mounts[0], carried('anonymous', '/e')]);
  });

  it('fills in the source of a mount that had none, and keeps its other options', () => {
    const Mounts = [{ Type: 'volume', Target: '/a', VolumeOptions: { Labels: { x: 'y' } } }];
    expect(requestOf({ Mounts }, [volume('made', '/a')]).Mounts).toEqual([
      { Type: 'volume', Source: 'made', Target: '/a', VolumeOptions: { Labels: { x: 'y' }, NoCopy: true } },
    ]);
  });

  it('turns a bind without a source into the volume that it made, by its folder where the engine hides its name', () => {
    const folder = { Type: 'volume', Driver: 'local', Source: '/var/lib/docker/volumes/made/_data', Destination: '/a' };
    const request = requestOf({ Binds: ['/a'] }, [{ ...folder, RW: true }]);
    expect(request).toMatchObject({ Binds: [], Mounts: [carried('made', '/a')] });
  });

  it('leaves what comes from other containers to them, and takes its own volumes along', () => {
    const HostConfig = { VolumesFrom: ['donor'] };
    const points = [volume('theirs', '/theirs'), volume('own', '/own')];
    const request = requestOf(HostConfig, points, { '/own': {} });
    expect(request).toMatchObject({ VolumesFrom: ['donor'], Mounts: [carried('own', '/own')] });
  });

  it.each(['donor', 'd'.repeat(64), 'd'.repeat(12), 'donor:ro'])('knows a donor by %s', (entry) => {
    const donor = containerInspect({ Id: 'd'.repeat(64), Name: '/donor', Mounts: [volume('theirs', '/theirs')] });
    const old = containerInspect({ HostConfig: { VolumesFrom: [entry] }, Mounts: [volume('theirs', '/theirs')] });
    expect(mountRequest(old, {}, [donor])).toMatchObject({ VolumesFrom: [entry], Mounts: undefined });
    expect(mountRequest(old, {}, [])).toMatchObject({ VolumesFrom: [], Mounts: [carried('theirs', '/theirs')] });
  });

  it('keeps a declared volume that nothing is mounted at', () => {
    expect(requestOf({}, [], { '/a': {} }).Volumes).toEqual({ '/a': {} });
  });
});
