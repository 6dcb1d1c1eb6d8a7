import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { EngineAddress } from '../../config/engine-address.js';
import { wasGivenEngine } from './engine-access.js';
import type { MountPoint } from '../engine/engine-types.js';

interface Given {
  env?: string[];
  mounts?: MountPoint[];
  imageEnv?: string[] | null;
  address?: EngineAddress;
  self?: MountPoint[];
}

const bind = (Source: string, Destination: string): MountPoint => ({ Type: 'bind', Source, Destination });
const volume = (Name: string, Destination: string): MountPoint => ({
  Type: 'volume',
  Name,
  Source: `/var/lib/docker/volumes/${Name}/_data`,
  Destination,
});
const anonymous = 'f'.repeat(64);
const socket = '/var/run/docker.sock';
const tcp = { host: 'proxy', port: 2375 };

const wasGiven = ({ env = [], mounts = [], imageEnv = [], address = {}, self }: Given): boolean =>
  wasGivenEngine(
    containerInspect({ Config: { Image: 'x', Env: [...env, ...(imageEnv ?? [])] }, Mounts: mounts }),
    imageEnv === null ? undefined : { Config: { Env: imageEnv } },
    { address, self: self && containerInspect({ Mounts: self }) },
  );

describe('wasGivenEngine', () => {
  it.each<[string, Given]>([
    ['the socket', { mounts: [bind(socket, socket)] }],
    ['the socket by its other name', { mounts: [bind('/run/docker.sock', '/run/docker.sock')] }],
    ['the folder of the socket', { mounts: [bind('/run', '/var/run/')] }],
    [
      'the socket at another place, and says where',
      { env: ['DOCKER_HOST=unix:///s/d.sock'], mounts: [bind(socket, '/s/d.sock')] },
    ],
    [
      'the folder at another place, and says where',
      { env: ['DOCKER_HOST=unix:///s/docker.sock'], mounts: [bind('/run', '/s')] },
    ],
    [
      'the socket, whatever its image says',
      { mounts: [bind(socket, socket)], imageEnv: ['DOCKER_HOST=tcp://other:1'] },
    ],
    [
      'the socket that this process has, as a container',
      {
        address: { socketPath: '/s/docker.sock' },
        self: [bind('/run/user/1000', '/s')],
        mounts: [bind('/run/user/1000/docker.sock', socket)],
      },
    ],
    [
      'the volume in which this process finds a socket',
      {
        address: { socketPath: '/p/docker.sock' },
        self: [volume('sockets', '/p')],
        env: ['DOCKER_HOST=unix:///q/docker.sock'],
        mounts: [volume('sockets', '/q')],
      },
    ],
    ['the same tcp address', { address: tcp, env: ['DOCKER_HOST=tcp://proxy:2375'] }],
    [
      'the same tcp address without its port',
      { address: { host: 'proxy', port: 2376 }, env: ['DOCKER_HOST=tcp://proxy'] },
    ],
    [
      'the same tcp address, which its image has too',
      { address: tcp, env: ['DOCKER_HOST=tcp://proxy:2375', 'PATH=/bin'], imageEnv: null },
    ],
    ['the socket, behind a proxy of ours', { address: tcp, mounts: [bind(socket, socket)] }],
    ['a usual folder, behind a proxy of ours', { address: tcp, mounts: [bind('/run/user/1000', '/run')] }],
    ['an unusual socket, behind a proxy of ours', { address: tcp, mounts: [bind('/srv/d.sock', socket)] }],
  ])('holds of a container that was given %s', (_, given) => {
    expect(wasGiven(given)).toBe(true);
  });

  it.each<[string, Given]>([
    ['nothing', {}],
    ['a volume by its image', { mounts: [volume(anonymous, '/data')], imageEnv: ['DOCKER_HOST=unix:///data/x'] }],
    ['a volume at the socket’s folder by its image', { mounts: [volume(anonymous, '/var/run')] }],
    ['a volume at the socket’s folder', { mounts: [volume('sockets', '/var/run')] }],
    [
      'a volume by its user, at the place that its image says',
      { mounts: [volume('data', '/data')], imageEnv: ['DOCKER_HOST=unix:///data/x'] },
    ],
    [
      'a folder by its user, at the place that its image says',
      { mounts: [bind('/srv', '/data')], imageEnv: ['DOCKER_HOST=unix:///data/docker.sock'] },
    ],
    ['another folder', { mounts: [bind('/srv/run', '/var/run')] }],
    ['a file of a like name', { mounts: [bind('/run/docker.sock2', socket)] }],
    ['the socket where it does not look', { mounts: [bind(socket, '/s.sock')] }],
    ['a folder above the socket, and another one below', { mounts: [bind('/', '/'), bind('/srv', '/run')] }],
    [
      'the socket of another engine',
      { env: ['DOCKER_HOST=unix:///s.sock'], mounts: [bind('/run/user/1000/docker.sock', '/s.sock')] },
    ],
    ['another tcp address', { env: ['DOCKER_HOST=tcp://proxy:2375'], mounts: [bind(socket, socket)] }],
    ['another port', { address: tcp, env: ['DOCKER_HOST=tcp://proxy:2376'] }],
    ['another host', { address: tcp, env: ['DOCKER_HOST=tcp://proxy2:2375'] }],
    ['the same tcp address by its image', { address: tcp, imageEnv: ['DOCKER_HOST=tcp://proxy:2375'] }],
    [
      'an address that nothing starts with',
      { env: ['DOCKER_HOST=npipe:////./pipe/x'], mounts: [bind(socket, socket)] },
    ],
    ['an unusual folder, behind a proxy of ours', { address: tcp, mounts: [bind('/srv/run', '/var/run')] }],
    ['a volume by its image, behind a proxy of ours', { address: tcp, mounts: [volume(anonymous, '/var/run')] }],
  ])('does not hold of a container that was given %s', (_, given) => {
    expect(wasGiven(given)).toBe(false);
  });
});
