import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { UpdatePlan } from '../src/docker/plan/plan.js';
import { Client } from './conformance/client.js';
import { describeOnEachEngine, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { Service } from './support/service/service.js';

const containerFile = '/app.conf';

describeOnEachEngine('files that Compose copied into a container', (engine) => {
  const client = new Client(engine);
  const projects: string[][] = [];
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: engine.dockerHost });
    await service.ready();
  });
  afterAll(async () => {
    for (const project of projects) await client.docker('compose', ...project, 'down', '--volumes', '--timeout', '1');
    await service.stop();
  });

  /** A project of one service, up; answers the name of its container. Where Compose reads its file, the service under test cannot. */
  const up = async (composed: object, configs: object = {}): Promise<string> => {
    const image = uniqueImage('composed');
    await publish(engine.docker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    const folder = join(testEnvironment().folder, uniqueName('composed'));
    mkdirSync(folder);
    const file = join(folder, 'compose.json');
    writeFileSync(file, JSON.stringify({ services: { web: { image, ...composed } }, configs }));
    const project = ['--progress', 'plain', '--project-name', uniqueName('composed'), '--file', file];
    projects.push(project);
    await client.docker('compose', ...project, 'up', '--detach', '--pull', 'never');
    // As from within a container that does not mount it.
    writeFileSync(file, `${JSON.stringify({ services: { web: { image, ...composed } }, configs })}\n`);
    await publish(engine.docker, image, { version: 'v2', files: { 'app.conf': 'of the new image' } });
    return `${String(project[3])}-web-1`;
  };
  const sh = (name: string, script: string): Promise<string> => client.docker('exec', name, '/bin/sh', '-c', script);
  const plan = async (name: string): Promise<UpdatePlan> =>
    (await (await service.fetch(`/notify/${name}?dry_run=true`, { method: 'POST' })).json()) as UpdatePlan;

  describe('are told from those that it wrote itself', () => {
    it('also where it wrote thousands', async () => {
      const name = await up(
        { configs: [{ source: 'conf', target: '/etc/given.conf', mode: 0o440 }] },
        { conf: { content: 'given' } },
      );
      await sh(name, '/bin/busybox mkdir /made; i=0; while [ $i -lt 2500 ]; do echo > /made/f$i; i=$((i+1)); done');
      expect(await service.update(name, 180_000)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await sh(name, '/bin/busybox cat /etc/given.conf')).toBe('given');
      expect(await sh(name, 'test -e /made || echo gone')).toContain('gone');
    }, 300_000);

    it('or the update is refused: a file of whole-second time that it wrote before a restart', async () => {
      const name = await up({});
      const { Id } = await engine.docker.getContainer(name).inspect();
      // Compose would have copied it at once.
      await setTimeout(6000);
      await sh(name, `echo mine > ${containerFile}; /bin/busybox touch -d @$(/bin/busybox date +%s) ${containerFile}`);
      await client.docker('restart', '--time', '0', name);
      const refused = await service.update(name);
      expect(refused).toMatchObject({ status: 'failed', error: { code: 'not_faithful', stage: 'prepare' } });
      expect(refused.error?.message).toContain(containerFile);
      expect(refused.error?.message).toContain('trigger-docker-pull.copied-files=none');
      expect((await engine.docker.getContainer(name).inspect()).Id).toBe(Id);
      expect(await plan(name)).toMatchObject({ eligible: false, refusal: { code: 'not_faithful' } });
    }, 120_000);

    it('by their time, also with a mode of its own and after a restart', async () => {
      const name = await up(
        { configs: [{ source: 'conf', target: '/etc/given.conf', mode: 0o600 }] },
        { conf: { content: 'given' } },
      );
      await client.docker('restart', '--time', '0', name);
      const warnings = [expect.stringMatching(/given\.conf is carried over because Compose seems to have copied it/)];
      expect(await plan(name)).toMatchObject({ eligible: true, warnings });
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated', warnings });
      expect(await sh(name, '/bin/busybox cat /etc/given.conf')).toBe('given');
    }, 120_000);

    it('also in the place of a file of the image', async () => {
      const name = await up(
        { configs: [{ source: 'conf', target: '/www/index.html' }] },
        { conf: { content: 'given' } },
      );
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await sh(name, '/bin/busybox cat /www/index.html')).toBe('given');
    }, 120_000);

    it('by the label, which says that there are none', async () => {
      const name = await up({ labels: { 'trigger-docker-pull.copied-files': 'none' } });
      await sh(name, `echo mine > ${containerFile}; /bin/busybox touch -d @$(/bin/busybox date +%s) ${containerFile}`);
      await client.docker('restart', '--time', '0', name);
      expect(await plan(name)).toMatchObject({ eligible: true, warnings: [] });
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await sh(name, `/bin/busybox cat ${containerFile}`)).toBe('of the new image');
    }, 120_000);

    it('by the label, which names them', async () => {
      const labels = { 'trigger-docker-pull.copied-files': '/etc/given.conf' };
      const name = await up(
        { labels, configs: [{ source: 'conf', target: '/etc/given.conf', mode: 0o600 }] },
        { conf: { content: 'given' } },
      );
      await sh(name, `echo mine > ${containerFile}; /bin/busybox touch -d @$(/bin/busybox date +%s) ${containerFile}`);
      await client.docker('restart', '--time', '0', name);
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await sh(name, `/bin/busybox cat ${containerFile}`)).toBe('of the new image');
      expect(await sh(name, '/bin/busybox cat /etc/given.conf')).toBe('given');
      expect(await sh(name, '/bin/busybox stat -c %a /etc/given.conf')).toContain('600');
    }, 120_000);

    it('with a warning where Compose seems to have copied one before a restart', async () => {
      const name = await up(
        { configs: [{ source: 'conf', target: '/etc/given.conf' }] },
        { conf: { content: 'given' } },
      );
      await client.docker('restart', '--time', '0', name);
      expect(await service.update(name)).toMatchObject({
        status: 'succeeded',
        warnings: [
          expect.stringMatching(/^\/etc\/given\.conf is carried over because Compose seems to have copied it/),
        ],
      });
      expect(await sh(name, '/bin/busybox cat /etc/given.conf')).toBe('given');
    }, 120_000);
  });
});
