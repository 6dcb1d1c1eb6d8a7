import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { Inspection } from '../inspect/inspection.js';
import { hostPaths, Startability } from './startability.js';
import type { Subjects } from '../update/subject.js';

describe('hostPaths', () => {
  it('are the sources of binds and the devices, each once, and no volumes', () => {
    expect(
      hostPaths({
        Binds: ['/etc/app:/app:ro', 'data:/data', '/etc/app:/again'],
        Mounts: [
          { Type: 'bind', Source: '/srv', Target: '/srv' },
          { Type: 'volume', Source: '/never', Target: '/v' },
        ],
        Devices: [{ PathOnHost: '/dev/snd', PathInContainer: '/dev/snd', CgroupPermissions: 'rwm' }],
      }),
    ).toEqual(['/etc/app', '/srv', '/dev/snd']);
    expect(hostPaths({})).toEqual([]);
  });
});

describe('a container whose namespace belonged to one that is gone', () => {
  const dead = 'd'.repeat(64);
  const ofVpn = {
    'com.docker.compose.project': 'home',
    'com.docker.compose.service': 'vpn',
    'com.docker.compose.container-number': '1',
  };
  const app = containerInspect({ Name: '/app', HostConfig: { NetworkMode: `container:${dead}` } });
  const candidate = containerInspect({ Id: 'c'.repeat(64), Name: '/other', Config: { Image: 'x', Labels: ofVpn } });

  /** @param imageLabels of the image that the candidate runs */
  const joined = async (imageLabels: Record<string, string>): Promise<string | undefined> => {
    const engine = {
      inspectContainer: (id: string) =>
        id === candidate.Id ? Promise.resolve(candidate) : Promise.reject(new EngineError('GET', 404, 'gone')),
      inspectImage: () => Promise.resolve({ Config: { Labels: imageLabels } }),
      removedContainer: () => Promise.resolve({ name: 'home-vpn-1', ...ofVpn }),
    } as unknown as Engine;
    const inspection = { all: () => Promise.resolve([app, candidate]) } as unknown as Inspection;
    const subjects = [{ old: app, oldImage: { Id: app.Image } }] as unknown as Subjects;
    const [{ old }] = await new Startability(engine, inspection).assure(subjects);
    return old.HostConfig.NetworkMode;
  };

  it('joins the one that Compose made in its place', async () => {
    expect(await joined({})).toBe(`container:${candidate.Id}`);
  });

  it('does not join one whose image claims to be that', async () => {
    await expect(joined(ofVpn)).rejects.toMatchObject({ code: 'refused' });
  });
});
