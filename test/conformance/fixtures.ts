import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  docker,
  testEnvironment,
  uniqueImage,
  uniqueName,
  type EngineUnderTest,
} from '../support/runner/environment.js';
import { publish, type AppImage } from '../support/fixtures/images.js';
import { pullImage } from '../support/engine/pull-image.js';
import { freePort } from '../support/registry/registry.js';
import type { Client } from './client.js';
import { VlanNetworks } from './vlan-networks.js';

/** What cases refer to: other containers, networks, volumes and files, all with names of this run. */
export interface Fixtures {
  image: string;
  volumesImage: string;
  imageToMount: string;
  folder: string;
  envFile: string;
  labelFile: string;
  volume: string;
  network: string;
  otherNetwork: string;
  /** Where they can be had. */
  vlans: VlanNetworks;
  /** A name on `network` that only one container has. */
  alias: string;
  /** On the default bridge, with a volume and a web server at port 8070. */
  donor: string;
  /** The same on `network`. */
  neighbour: string;
  ports: number[];
}

/** Two releases of an application: everything that an image can set has another value in the second. */
export const releases: [AppImage, AppImage] = [
  {
    version: 'v1',
    env: { RELEASE: '1', OLD_ONLY: '1', PATH: '/bin' },
    labels: { release: '1', 'old-only': '1' },
    workdir: '/one',
    stopSignal: 'SIGKILL',
    config: {
      User: '0',
      ExposedPorts: { '80/tcp': {}, '8081/tcp': {} },
      Healthcheck: { Test: ['CMD', '/bin/busybox', 'true'], Interval: 3600e9, Timeout: 10e9, Retries: 2 },
    },
    entrypoint: ['/bin/busybox', 'httpd'],
    cmd: ['-f', '-p', '80', '-h', '/www'],
  },
  {
    version: 'v2',
    env: { RELEASE: '2', NEW_ONLY: '2', PATH: '/bin:/sbin' },
    labels: { release: '2', 'new-only': '2' },
    workdir: '/two',
    stopSignal: 'SIGQUIT',
    config: {
      User: '0:0',
      ExposedPorts: { '8080/tcp': {} },
      Healthcheck: { Test: ['CMD', '/bin/busybox', 'ls'], Interval: 7200e9, Timeout: 20e9, Retries: 3 },
    },
    entrypoint: ['/bin/busybox', 'env', 'STARTED_BY=v2', '/bin/busybox', 'httpd'],
    cmd: ['-f', '-p', '80', '-h', '/www', '-v'],
  },
];

const volumes = (path: string, release: AppImage): AppImage => ({
  ...release,
  config: { ...release.config, Volumes: { [path]: {} } },
});

/** @param subnet the third byte of the first network's addresses; the second has the next one */
export async function makeFixtures(engine: EngineUnderTest, client: Client, subnet: number): Promise<Fixtures> {
  const folder = join(testEnvironment().folder, uniqueName('files'));
  mkdirSync(folder);
  const fixtures: Fixtures = {
    vlans: await VlanNetworks.make(engine, client, subnet),
    image: uniqueImage('app'),
    volumesImage: uniqueImage('volumes'),
    imageToMount: uniqueImage('mounted'),
    folder,
    envFile: join(folder, 'variables.env'),
    labelFile: join(folder, 'labels'),
    volume: uniqueName('volume'),
    network: uniqueName('network'),
    otherNetwork: uniqueName('other'),
    alias: uniqueName('alias'),
    donor: uniqueName('donor'),
    neighbour: uniqueName('neighbour'),
    ports: [await freePort(), await freePort()],
  };
  writeFileSync(fixtures.envFile, 'FROM_FILE=yes\nRELEASE=mine\n');
  writeFileSync(fixtures.labelFile, 'from-file=yes\n');
  await publish(docker, fixtures.image, releases[0]);
  await publish(docker, fixtures.volumesImage, volumes('/image-data', releases[0]));
  await publish(docker, fixtures.imageToMount, { version: 'mounted' });
  for (const image of [fixtures.image, fixtures.volumesImage, fixtures.imageToMount])
    await pullImage(engine.docker, image);
  const subnets = (index: number): string[] => [
    ...['--ipv6', '--subnet', `10.214.${index}.0/24`, '--subnet', `fd00:214:${index}::/64`],
  ];
  await client.docker('network', 'create', ...subnets(subnet), fixtures.network);
  await client.docker('network', 'create', ...subnets(subnet + 1), fixtures.otherNetwork);
  const serve = (text: string): string[] => [
    ...['--entrypoint', '/bin/sh', fixtures.image, '-c'],
    `echo ${text} > /www/index.html; echo donated > /donated/file; exec /bin/busybox httpd -f -p 8070 -h /www`,
  ];
  const run = ['run', '--detach', '--ipc', 'shareable', '--volume', '/donated'];
  await client.docker(...run, '--name', fixtures.donor, ...serve('donor'));
  await client.docker(...run, '--name', fixtures.neighbour, '--network', fixtures.network, ...serve('neighbour'));
  const prepare = '/bin/busybox mkdir /data/sub; echo below > /data/sub/file';
  await client.docker(
    ...[
      'run',
      '--rm',
      '--volume',
      `${fixtures.volume}:/data`,
      '--entrypoint',
      '/bin/sh',
      fixtures.image,
      '-c',
      prepare,
    ],
  );
  return fixtures;
}

/** Pushes the second release. */
export async function release(fixtures: Fixtures): Promise<void> {
  await publish(docker, fixtures.image, releases[1]);
  await publish(docker, fixtures.volumesImage, volumes('/new-data', releases[1]));
}
