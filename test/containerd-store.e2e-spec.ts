// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeOnNewestEngine, docker, testEnvironment, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { PrivateEngine } from './support/engine/private-engine.js';
import { pullImage } from './support/engine/pull-image.js';
import { freePort } from './support/registry/registry.js';
import { pushWithAttestation } from './support/registry/registry-http.js';
import { RegistryProcess } from './support/registry/registry-process.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const run = promisify(execFile);
const accept = { headers: { Accept: 'application/vnd.docker.distribution.manifest.v2+json' } };

function inside({ namespaces }: PrivateEngine, program: string, ...args: string[]): [string, string[]] {
  if (!namespaces) throw new Error('the engine has no namespaces of its own');
  return namespaces.inside(program, ...args);
}

describeOnNewestEngine('an engine that keeps images in containerd’s store', () => {
  let engine: PrivateEngine;
  let registry: RegistryProcess;
  let service: Service;
  let repository: string;

  beforeAll(async () => {
    const { folder } = testEnvironment();
    engine = await PrivateEngine.startNewest(folder, 'containerd-engine', { containerdStore: true });
    const port = await freePort();
    repository = `127.0.0.1:${port}/app`;
    registry = new RegistryProcess({ name: 'containerd-registry', folder, port });
    await registry.start();
    if (engine.namespaces) registry.startIn(engine.namespaces);
    await until('the registry', 20_000, () => engine.namespaces?.fetchText(`http://127.0.0.1:${port}/`));
    service = await Service.start({ DOCKER_HOST: engine.dockerHost });
    await service.ready();
  }, 180_000);
  afterAll(async () => {
    await service.stop();
    for (const { Id } of await engine.docker.listContainers({ all: true }))
      await engine.docker.getContainer(Id).remove({ force: true });
    await engine.halt();
    await registry.kill();
  });

  it('Finsys/dockhand#1155: an attestation that was published anew is no update, another image is one', async () => {
    const { DriverStatus } = (await engine.docker.info()) as { DriverStatus: [string, string][] };
    expect(DriverStatus).toContainEqual(['driver-type', 'io.containerd.snapshotter.v1']);
    const image = `${repository}:latest`;
    await publish(docker, `${repository}:v1`, { version: 'v1' });
    await pushWithAttestation(repository, 'v1', 'latest', 'first');
    await pullImage(engine.docker, image);
    const name = uniqueName('attested');
    const container = await engine.docker.createContainer({ name, Image: image });
    await container.start();
    const before = await engine.docker.getImage(image).inspect();

    await pushWithAttestation(repository, 'v1', 'latest', 'second');
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'up_to_date', running: true });
    // It was pulled, and it is another index.
    expect((await engine.docker.getImage(image).inspect()).Id).not.toBe(before.Id);
    expect((await engine.docker.getContainer(name).inspect()).Id).toBe(container.id);

    await publish(docker, `${repository}:v2`, { version: 'v2' });
    await pushWithAttestation(repository, 'v2', 'latest', 'third');
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect((await engine.docker.getContainer(name).inspect()).Id).not.toBe(container.id);
    expect(await service.update(name)).toMatchObject({ result: 'up_to_date' });
  }, 120_000);

  it('moby#51566: an image whose configuration it has lost is pulled again, or refused with nothing touched', async () => {
    const image = `${repository}:lost`;
    await publish(docker, image, { version: 'v1', env: { ONLY_V1: 'yes' }, labels: { only: 'v1' } });
    await pullImage(engine.docker, image);
    const name = uniqueName('incomplete');
    const container = await engine.docker.createContainer({ name, Image: image, Env: ['MINE=yes'] });
    await container.start();
    const { digest } = (
      JSON.parse(await (await fetch(`http://${repository.replace('/', '/v2/')}/manifests/lost`, accept)).text()) as {
        config: { digest: string };
      }
    ).config;
    const store = 'data/containerd/daemon/io.containerd.content.v1.content/blobs/sha256';
    const blob = join(engine.folder, store, digest.replace('sha256:', ''));
    const content = readFileSync(blob);
    rmSync(blob);
    await publish(docker, image, { version: 'v2', env: { ONLY_V2: 'yes' } });

    const refusal = { code: 'refused', message: expect.stringContaining('does not show the configuration') as unknown };
    const plan = await (await service.fetch(`/notify/${name}?dry_run=true`, { method: 'POST' })).json();
    expect(plan).toMatchObject({ eligible: false, refusal });
    // Its metadata say that it is there, so that a pull does not bring it back.
    expect(await service.update(name)).toMatchObject({ status: 'failed', error: refusal });
    expect((await engine.docker.getContainer(name).inspect()).Id).toBe(container.id);

    // Removed as containerd does it, it is pulled again.
    writeFileSync(blob, content);
    const address = join(engine.folder, 'exec/containerd/containerd.sock');
    await run(...inside(engine, 'ctr', '--address', address, '--namespace', 'moby', 'content', 'rm', digest));
    const updated = await service.update(name);
    expect(updated.error).toBeUndefined();
    expect(updated).toMatchObject({ status: 'succeeded', result: 'updated' });
    const { Config } = await engine.docker.getContainer(name).inspect();
    expect(Config.Env).toEqual(expect.arrayContaining(['MINE=yes', 'ONLY_V2=yes']));
    expect(Config.Env).not.toContain('ONLY_V1=yes');
    expect(Config.Labels).not.toHaveProperty('only');
  }, 120_000);
});
