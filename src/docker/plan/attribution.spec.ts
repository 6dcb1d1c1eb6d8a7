import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attribution } from './attribution.js';
import { containerSpec } from '../recreate/create-request.js';
import type { ContainerConfig, ContainerInspect, ImageInspect } from '../engine/engine-types.js';

const image: ImageInspect = {
  Id: 'sha256:1',
  Config: {
    Env: ['PATH=/bin', 'MODE=fast'],
    Cmd: ['serve'],
    Labels: { version: '1' },
    Healthcheck: { Test: ['CMD', 'probe'], Interval: 5 },
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
    WorkingDir: '/app',
    StopSignal: 'SIGKILL',
  },
};

/** A container as the engine makes it of the image and what was set. */
function container(config: Partial<ContainerConfig>): ContainerInspect {
  const Config = { Image: 'web:1', ...image.Config, ...config };
  return {
    Id: 'a'.repeat(64),
    Name: '/web',
    Image: image.Id,
    State: {},
    Config,
    HostConfig: {},
    Mounts: [],
    NetworkSettings: {},
  } as unknown as ContainerInspect;
}

const attributed = (old: ContainerInspect): ReturnType<typeof attribution> =>
  attribution(old, image, containerSpec({ old, oldImage: image, newImage: image, apiVersion: '1.41' }).create);

describe('attribution', () => {
  it('says of an untouched image that all is its own', () => {
    expect(attributed(container({}))).toEqual({
      user: [],
      image: [
        'Cmd',
        'Env.MODE',
        'Env.PATH',
        'ExposedPorts.80/tcp',
        'Healthcheck.Interval',
        'Healthcheck.Test',
        'Labels.version',
        'StopSignal',
        'Volumes./data',
        'WorkingDir',
      ],
    });
  });

  it('says of what was set that it is the user’s, by name and without values', () => {
    const set = attributed(
      container({
        Env: ['MODE=slow', 'DATABASE_URL=postgres://app:hunter22@db', 'PATH=/bin'],
        Cmd: ['migrate'],
        Labels: { version: '1', team: 'shop' },
        Volumes: { '/data': {}, '/cache': {} },
        User: '1000',
      }),
    );
    expect(set.user).toEqual(['Cmd', 'Env.DATABASE_URL', 'Env.MODE', 'Labels.team', 'User', 'Volumes./cache']);
    expect(set.image).toContain('Env.PATH');
    expect(JSON.stringify(set)).not.toMatch(/hunter22|slow|1000/);
  });

  it('gives each variable to exactly one of the two', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Z]{1,3}$/), fc.string({ maxLength: 3 })), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(entries, (set) => {
        const names = new Set(set.map(([name]) => name));
        const appended = (image.Config?.Env ?? []).filter((entry) => !names.has(entry.split('=')[0] ?? ''));
        const { user, image: inherited } = attributed(
          container({ Env: [...set.map(([name, value]) => `${name}=${value}`), ...appended] }),
        );
        const variables = (list: string[]): string[] => list.filter((name) => name.startsWith('Env.'));
        expect(variables(user)).toEqual([...names].map((name) => `Env.${name}`).sort());
        expect(variables(inherited)).toHaveLength(appended.length);
      }),
    );
  });
});
