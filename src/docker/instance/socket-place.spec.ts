import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { MountPoint } from '../engine/engine-types.js';
import { socketMakersAmong, socketPlace } from './socket-place.js';

const volume: MountPoint = {
  ...{ Type: 'volume', Name: 'sockets', Source: '/var/lib/docker/volumes/sockets/_data', RW: true },
  Destination: '/p',
};
const bind = (Source: string, Destination = Source, RW = true): MountPoint => ({
  Type: 'bind',
  Source,
  Destination,
  RW,
});
const container = (id: string, ...Mounts: MountPoint[]) => containerInspect({ Id: id.repeat(64), Mounts });
const self = container('a', volume);

describe('the place of the socket', () => {
  it('is in the volume that is mounted there, or on the host', () => {
    expect(socketPlace('/p/docker.sock', [bind('/'), volume])).toEqual({
      volume: 'sockets',
      hostPath: '/var/lib/docker/volumes/sockets/_data/docker.sock',
    });
    expect(socketPlace('/in/a.sock', [bind('/srv', '/in')])).toEqual({ hostPath: '/srv/a.sock' });
    expect(socketPlace('/in/a.sock', [bind('/srv/a.sock', '/in/a.sock')])).toEqual({ hostPath: '/srv/a.sock' });
    expect(socketPlace('/own/a.sock', [volume])).toEqual({});
    expect(socketPlace('/var/run/docker.sock', undefined)).toEqual({ hostPath: '/run/docker.sock' });
  });

  it('is one where who may write there can have made it', () => {
    const proxy = container('b', { ...volume, Destination: '/out' });
    const consumer = container('c', { ...volume, RW: false });
    const byPath = container('d', bind('/var/lib/docker/volumes/sockets'));
    const stranger = container('e', { ...volume, Name: 'other', Source: '/elsewhere' });
    const place = socketPlace('/p/docker.sock', self.Mounts);
    expect(socketMakersAmong([self, proxy, consumer, byPath, stranger], place, self.Id)).toEqual([proxy, byPath]);
  });

  it('of a bind is one for who mounts its folder, and not for who mounts the file', () => {
    const place = { hostPath: '/srv/sockets/docker.sock' };
    const proxy = container('b', bind('/srv/sockets'));
    const consumers = [container('c', bind('/srv/sockets/docker.sock')), container('d', bind('/', '/host', false))];
    expect(socketMakersAmong([proxy, ...consumers], place, undefined)).toEqual([proxy]);
  });

  it('is not made by one that mounts the whole host and was started when the socket was there', () => {
    const madeAtMs = Date.parse('2026-01-01T00:00:00Z');
    const startedAt = (StartedAt: string, source = '/') =>
      containerInspect({ Id: 'b'.repeat(64), Mounts: [bind(source, '/host')], State: { StartedAt } });
    const makers = (one: ReturnType<typeof startedAt>, made?: number) =>
      socketMakersAmong([one], { hostPath: '/srv/sockets/docker.sock', madeAtMs: made }, undefined);
    expect(makers(startedAt('2026-01-01T00:02:00Z'), madeAtMs)).toEqual([]);
    for (const one of [
      startedAt('2025-12-31T00:00:00Z'),
      startedAt('2026-01-01T00:00:30Z'),
      startedAt('2026-01-01T00:02:00Z', '/srv/sockets'),
    ])
      expect(makers(one, madeAtMs)).toEqual([one]);
    expect(makers(startedAt('2026-01-01T00:02:00Z'))).toHaveLength(1);
  });

  it.each(['/run/docker.sock', '/run/user/1000/docker.sock'])("is the engine's own at %s", (hostPath) => {
    expect(socketMakersAmong([container('b', bind('/run'), bind('/'))], { hostPath }, undefined)).toEqual([]);
  });
});
