import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnPrivateEngine, docker, testEnvironment, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';
import { TokenRegistry } from './support/registry/token-registry.js';

describeOnPrivateEngine('a registry that hands out tokens', () => {
  const account = { username: 'ci', password: `password-${randomUUID()}` };
  const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64');
  const folder = mkdtempSync(join(tmpdir(), 'token-registry-'));
  const path = join(folder, 'config.json');
  let registry: TokenRegistry;
  let service: Service;
  let image: string;
  let app: App;
  let version = 1;

  beforeAll(async () => {
    registry = await TokenRegistry.start(testEnvironment().folder, account);
    keepSecret(account.password, auth, registry.identityToken);
    writeFileSync(path, '{}');
    helper('good', `read registry; echo '{"Username":"ci","Secret":"${account.password}"}'`);
    helper('token', `echo '{"Username":"<token>","Secret":"${registry.identityToken}"}'`);
    helper('broken', `echo ${account.password}; echo ${account.password} >&2; exit 1`);
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      DOCKER_CONFIG_PATH: path,
      PATH: `${folder}:${process.env.PATH ?? ''}`,
    });
    await service.ready();
    image = `${registry.host}/${uniqueName('tokens')}:latest`;
    app = await runApp(image, { version: 'v1' }, {}, account);
  });
  afterAll(async () => {
    await service.stop();
    await registry.stop();
  });

  function helper(name: string, script: string): void {
    const program = join(folder, `docker-credential-${name}`);
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
  }

  const pushNext = async (): Promise<string> => {
    version += 1;
    await publish(docker, image, { version: `v${version}` }, account);
    return `v${version}`;
  };

  it.each<[string, (host: string) => object, string]>([
    ['a password', (host) => ({ auths: { [host]: { auth } } }), 'in '],
    [
      'an identity token, with the placeholder of a user beside it',
      (host) => ({
        auths: {
          [host]: {
            auth: Buffer.from('00000000-0000-0000-0000-000000000000:').toString('base64'),
            identitytoken: registry.identityToken,
          },
        },
      }),
      'in ',
    ],
    ['the helper of the registry', (host) => ({ credHelpers: { [host]: 'good' } }), 'docker-credential-good'],
    [
      'a helper that has an identity token',
      (host) => ({ credHelpers: { [host]: 'token' } }),
      'docker-credential-token',
    ],
    ['the default helper', () => ({ credsStore: 'good' }), 'docker-credential-good'],
  ])('is pulled from with %s', async (_, config, source) => {
    writeFileSync(path, JSON.stringify(config(registry.host)));
    const next = await pushNext();
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe(next);
    const line = await service.logged(({ context, message }) => context === 'Pull' && message.includes(source));
    expect(line.message).toContain(path);
  });

  it('is pulled from with DOCKER_AUTH_CONFIG, the file saying nothing of it', async () => {
    const config = JSON.stringify({ auths: { [registry.host]: { auth } } });
    const other = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, DOCKER_AUTH_CONFIG: config });
    await other.ready();
    await pushNext();
    expect(await other.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(other.logs.findLast(({ context }) => context === 'Pull')?.message).toContain('DOCKER_AUTH_CONFIG');
    await other.stop();
  });

  it.each<[string, (host: string) => object, string, string]>([
    ['there are no credentials', () => ({}), 'pull_unauthorized', 'no credentials'],
    [
      'the password is wrong',
      (host) => ({ auths: { [host]: { username: 'ci', password: 'wrong-password' } } }),
      'pull_unauthorized',
      'in ',
    ],
    ['the helper is missing', (host) => ({ credHelpers: { [host]: 'nowhere' } }), 'registry_credentials', 'mount it'],
    ['the helper fails', (host) => ({ credHelpers: { [host]: 'broken' } }), 'registry_credentials', 'exit code 1'],
  ])('refuses where %s, and the old container is untouched', async (_, config, code, words) => {
    writeFileSync(path, JSON.stringify(config(registry.host)));
    const { Id } = await docker.getContainer(app.name).inspect();
    expect(await service.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code, stage: 'pull', message: expect.stringContaining(words) },
    });
    expect((await docker.getContainer(app.name).inspect()).Id).toBe(Id);
  });
});
