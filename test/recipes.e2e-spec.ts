// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { codeBlocks } from './support/runner/documentation.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { isInstalled } from './support/runner/packages.js';
import { Service } from './support/service/service.js';

/** What the docs say about whom to notify when, done as they say it. */
describeOnEngine('the recipes of the docs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-recipes-'));
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost });
    await service.ready();
    mkdirSync(join(folder, 'etc/systemd/system'), { recursive: true });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  /** Runs a block, with this run's address, folder and names for those that are printed. */
  const run = (script: string, names: Record<string, string> = {}, env: Record<string, string> = {}): string => {
    let adapted = script
      .replaceAll('http://localhost:8080', service.url)
      .replaceAll('http://127.0.0.1:8080', service.url)
      .replaceAll('/etc/', `${folder}/etc/`)
      .replaceAll('. ./.env', `. ${folder}/.env`)
      .replaceAll(/^systemctl .*$/gm, '');
    for (const [printed, real] of Object.entries(names)) adapted = adapted.replaceAll(printed, real);
    const { status, stdout, stderr } = spawnSync('sh', ['-ec', adapted], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost, SECRET_KEY: Service.secret, ...env },
    });
    if (status !== 0) throw new Error(`${adapted}\n${stdout}\n${stderr}`);
    return stdout;
  };
  const block = (file: string, part: string): string => {
    const found = codeBlocks(file).find(({ text }) => text.includes(part));
    if (!found) throw new Error(`${file} has no block with ${part}`);
    return found.text;
  };
  const outdated = async (what: string): Promise<App> => {
    const image = uniqueImage(what);
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    return app;
  };

  it('several containers of one image are updated by one loop', async () => {
    const image = uniqueImage('several');
    const [first, second, third] = [
      await runApp(image, { version: 'v1' }),
      await runApp(image, { version: 'v1' }),
      await runApp(image, { version: 'v1' }),
    ];
    await publish(docker, image, { version: 'v2' });
    run(block('docs/recipes.md', 'for container in'), {
      'web-1': first.name,
      'web-2': second.name,
      worker: third.name,
    });
    for (const { port } of [first, second, third]) expect(await versionAt(port)).toBe('v2');
  });

  it('a version is promoted by its tag', async () => {
    const production = uniqueImage('promoted');
    const app = await runApp(production, { version: 'v1' });
    const repository = production.slice(0, production.lastIndexOf(':'));
    await publish(docker, `${repository}:staging`, { version: 'v2' });
    run(block('docs/recipes.md', 'docker push'), {
      'registry.example/web:production': production,
      'registry.example/web': repository,
      'web-production': app.name,
    });
    expect(await versionAt(app.port)).toBe('v2');
  });

  it('the systemd unit notifies and waits for the outcome, as the timer would have it do', async () => {
    writeFileSync(join(folder, '.env'), `SECRET_KEY=${Service.secret}\n`);
    run(block('docs/third-party-images.md', 'notify.env'));
    const unit = readFileSync('deploy/systemd/trigger-docker-pull-notify@.service', 'utf8');
    const start = /^ExecStart=(.+)$/m.exec(unit)?.[1] ?? '';
    const app = await outdated('nightly');
    const environment = readFileSync(join(folder, 'etc/trigger-docker-pull/notify.env'), 'utf8');
    const [, address = ''] = /^DEPLOY_URL=(.+)$/m.exec(environment) ?? [];
    const answer = run(
      start.replace('/notify/%i?wait=590', `/notify/${app.name}?wait=590`),
      {},
      { DEPLOY_URL: address },
    );
    expect(JSON.parse(answer)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    // A failed update is a failed unit.
    expect(() => run(start.replace('%i', 'no-such-container'), {}, { DEPLOY_URL: address })).toThrow(
      'no_such_container',
    );
  });

  (isInstalled('systemd-analyze') ? it : it.skip)('the systemd units are ones that systemd understands', () => {
    const units = join(folder, 'units');
    cpSync('deploy/systemd', units, { recursive: true });
    const names = ['trigger-docker-pull-notify@.service', 'trigger-docker-pull-notify@.timer'].map((name) =>
      join(units, name),
    );
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...names], { encoding: 'utf8' });
    expect((stdout + stderr).split('\n').filter((line) => line.includes('trigger-docker-pull-notify'))).toEqual([]);
  });

  it("Diun's script notifies those that run the image, and only when it has changed", async () => {
    const app = await outdated('watched');
    const script = join(folder, 'notify.sh');
    writeFileSync(
      script,
      readFileSync('deploy/diun/notify.sh', 'utf8')
        .replaceAll('/etc/', `${folder}/etc/`)
        .replace('containers="db"', `containers="${app.name}"`),
    );
    chmodSync(script, 0o755);
    writeFileSync(join(folder, 'etc/trigger-docker-pull/authorization'), `Authorization: Bearer ${Service.secret}\n`);
    const seen = (status: string, image: string): string =>
      run(script, {}, { DEPLOY_URL: service.url, DIUN_ENTRY_STATUS: status, DIUN_ENTRY_IMAGE: image });
    expect(seen('unchange', 'docker.io/library/postgres:16')).toBe('');
    expect(seen('update', 'docker.io/library/nginx:1')).toBe('');
    const { id } = JSON.parse(seen('update', 'docker.io/library/postgres:16')) as { id: string };
    expect(await service.settled(id)).toMatchObject({ result: 'updated' });
  });
});
