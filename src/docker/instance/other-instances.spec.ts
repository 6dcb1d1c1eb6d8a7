import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { elderInstance } from './other-instances.js';

const instance = (digit: string, StartedAt: string, overrides: Parameters<typeof containerInspect>[0] = {}) =>
  containerInspect({
    Id: digit.repeat(64),
    Name: `/service-${digit}`,
    State: { StartedAt },
    Mounts: [{ Type: 'bind', Source: '/var/run/docker.sock', Destination: '/var/run/docker.sock' }],
    ...overrides,
  });
const first = instance('a', '2026-01-01T00:00:00Z');
const second = instance('b', '2026-01-02T00:00:00Z');
const engine = {};
const images = new Map([[first.Image, {}]]);

describe('elderInstance', () => {
  it('is the one that was started first, for every other', () => {
    expect(elderInstance([second, first], { selfId: second.Id, engine, images })).toBe(first);
    expect(elderInstance([second, first], { selfId: first.Id, engine, images })).toBeUndefined();
  });

  it('is any container for a process outside of one', () => {
    expect(elderInstance([second], { engine, images })).toBe(second);
  });

  it('is not the container that is to be updated, nor a helper, nor one that serves another engine', () => {
    const helper = instance('c', '2025-01-01T00:00:00Z', { Name: `/service-a-upd-self-${'a'.repeat(12)}` });
    const remote = instance('d', '2025-01-01T00:00:00Z', {
      Config: { Image: 'x', Env: ['DOCKER_HOST=tcp://192.0.2.1:2375'] },
    });
    const withoutSocket = instance('e', '2025-01-01T00:00:00Z', { Mounts: [] });
    expect(
      elderInstance([first, helper, remote, withoutSocket], { engine, images, target: 'service-a' }),
    ).toBeUndefined();
  });

  it('is no container whose image merely claims to be one', () => {
    const Env = ['DOCKER_HOST=unix:///data/x'];
    const claiming = instance('e', '2025-01-01T00:00:00Z', {
      Config: { Image: 'x', Env },
      Mounts: [{ Type: 'volume', Name: 'f'.repeat(64), Source: '/volumes/f/_data', Destination: '/data' }],
    });
    expect(elderInstance([claiming], { engine, images: new Map([[claiming.Image, { Config: { Env } }]]) })).toBe(
      undefined,
    );
  });

  it('may reach the same engine over TCP', () => {
    const other = instance('f', '2025-01-01T00:00:00Z', {
      Config: { Image: 'x', Env: ['DOCKER_HOST=tcp://proxy:2375'] },
      Mounts: [],
    });
    expect(elderInstance([other, second], { selfId: second.Id, engine: { host: 'proxy', port: 2375 }, images })).toBe(
      other,
    );
  });
});
