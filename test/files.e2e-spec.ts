import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { hangingMount } from './support/engine/hanging-mount.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const noEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'files-'));
const make = (command: string, path: string): void => {
  rmSync(path, { recursive: true, force: true });
  execFileSync('sh', ['-c', command, 'sh', path]);
};

describe('a policy file that turns bad while the service runs', () => {
  const path = join(newFolder(), 'policy.yaml');
  let service: Service | undefined;
  afterEach(() => service?.stop());

  const statusOf = async (token?: string): Promise<number> => {
    const headers = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
    const response = await service?.fetch('/notify/web', { method: 'POST', headers });
    await response?.arrayBuffer();
    return response?.status ?? 0;
  };

  it.each([
    ['is empty', ': > "$1"'],
    ['is a symbolic link to itself', 'ln -s "$1" "$1"'],
    ['is a FIFO', 'mkfifo "$1"'],
    ['is a device', 'ln -s /dev/zero "$1"'],
    ['is a folder', 'mkdir "$1"'],
    ['is gone', ':'],
  ])('stays in force when its new version %s, and nobody is answered 500', async (_, command) => {
    make(':', path);
    writeFileSync(path, 'frozen: true\nreason: holidays\n');
    service = await Service.start({ ...noEngine, POLICY_PATH: path });
    expect(await statusOf()).toBe(503);
    make(command, path);
    await until('the refusal', 10_000, async () => {
      expect(await statusOf()).toBe(503);
      expect(await statusOf('a-token-that-nobody-knows')).toBe(401);
      return service?.logs.find(({ message, level }) => level === 'error' && message.includes('is refused'));
    });
    expect(await statusOf()).toBe(503);
  });

  it.each([
    ['is empty', ': > "$1"', 'it is empty'],
    ['is a FIFO', 'mkfifo "$1"', 'is not a regular file'],
    ['is a symbolic link to itself', 'ln -s "$1" "$1"', 'ELOOP'],
  ])('keeps the service from starting when it %s', async (_, command, reason) => {
    make(command, path);
    const { code, output } = await Service.failToStart({ ...noEngine, POLICY_PATH: path, LOG_LEVEL: 'error' });
    expect(code).toBe(1);
    expect(output).toContain(reason);
  });

  const mount = hangingMount();
  afterAll(() => mount?.end());
  (mount ? it : it.skip)(
    'stays in force when its mount hangs; live calls are answered, and the service stops',
    async () => {
      const folder = newFolder();
      const link = join(folder, 'current');
      const good = newFolder();
      writeFileSync(join(good, 'policy.yaml'), 'frozen: true\nreason: holidays\n');
      symlinkSync(good, link);
      service = await Service.start({ ...noEngine, POLICY_PATH: join(link, 'policy.yaml') });
      expect(await statusOf()).toBe(503);
      rmSync(link);
      symlinkSync(mount?.folder ?? '', link);
      await service.logged(() => true);
      await until('the report', 20_000, async () => {
        expect((await fetch(`${service?.url ?? ''}/health/live`)).status).toBe(200);
        expect(await statusOf()).toBe(503);
        return service?.logs.find(({ message }) => message.includes('did not answer within'));
      });
      const started = performance.now();
      await statusOf();
      expect(performance.now() - started).toBeLessThan(1000);
      await service.stop();
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(service.isAlive).toBe(false);
    },
    60_000,
  );

  (mount ? it : it.skip)(
    'ends the start when a secret is on a mount that hangs',
    async () => {
      const { output } = await Service.failToStart({ ...noEngine, SECRET_KEY_FILE: join(mount?.folder ?? '', 'key') });
      expect(output).toContain('SECRET_KEY_FILE names a file that did not answer within 5 s');
    },
    30_000,
  );
});

describe('a secret that can be guessed', () => {
  it.each([
    [{ SECRET_KEY: 'a' }, 'SECRET_KEY has only 1 characters'],
    [{ SECRET_KEY: '', SECRET_KEY_FILE: 'weak' }, 'has only 4 characters'],
  ])('is warned of at the start: %j', async (secret, words) => {
    const file = join(newFolder(), 'secret');
    writeFileSync(file, 'weak');
    const env = { ...noEngine, ...secret, ...('SECRET_KEY_FILE' in secret ? { SECRET_KEY_FILE: file } : {}) };
    const service = await Service.start(env);
    const line = await service.logged(({ level, context }) => level === 'warn' && context === 'Auth');
    await service.stop();
    expect(line.message).toContain(words);
    expect(line.message).toContain('openssl rand -hex 32');
  });
});

describeOnEngine('a config.json that does not answer', () => {
  const path = join(newFolder(), 'config.json');
  let service: Service;
  let app: App;

  beforeAll(async () => {
    const image = uniqueImage('fifo');
    app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    writeFileSync(path, '{}');
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, DOCKER_CONFIG_PATH: path });
    await service.ready();
  });
  afterAll(() => service.stop());

  it.each([
    ['a FIFO', 'mkfifo "$1"', 'it is not a regular file'],
    ['a device', 'ln -s /dev/zero "$1"', 'it is not a regular file'],
    ['a symbolic link to itself', 'ln -s "$1" "$1"', 'ELOOP'],
    ['too long', 'truncate -s 2M "$1"', 'it has more than 1048576 bytes'],
  ])('as it is %s fails the update with its reason, and nothing is touched', async (_, command, reason) => {
    make(command, path);
    expect(await service.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code: 'registry_credentials', message: expect.stringContaining(reason) },
    });
    expect((await docker.getContainer(app.name).inspect()).Id).toBe(app.id);
  });

  const mount = hangingMount();
  afterAll(() => mount?.end());
  (mount ? it : it.skip)(
    'as its mount hangs fails the update, keeps nobody waiting for the lock, and lets the service stop',
    async () => {
      rmSync(path);
      symlinkSync(join(mount?.folder ?? '', 'config.json'), path);
      for (let time = 0; time < 2; time++)
        expect(await service.update(app.name)).toMatchObject({
          status: 'failed',
          error: { code: 'registry_credentials', message: expect.stringContaining('did not answer within 5 s') },
        });
      const started = performance.now();
      await service.stop();
      expect(performance.now() - started).toBeLessThan(10_000);
      rmSync(path);
      writeFileSync(path, '{}');
      await service.restart();
      await service.ready();
      expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    },
    120_000,
  );
});
