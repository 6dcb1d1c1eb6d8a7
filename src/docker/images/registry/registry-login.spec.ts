import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { askHelper } from './credential-helper.js';
import { parseImageReference } from '../image-reference.js';
import { UpdateError } from '../../update/outcome.js';
import { registryLogin, registrySecrets, type RegistrySettings } from './registry-login.js';

const reference = parseImageReference('ghcr.io/me/app');
const entry = (user: string) => ({ auth: Buffer.from(`${user}:hunter2-secret`).toString('base64') });
const config = (user: string) => JSON.stringify({ auths: { 'ghcr.io': entry(user) } });

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-login-'));
  path = join(folder, 'config.json');
});
afterEach(() => rm(folder, { recursive: true }));

function login(settings: Partial<RegistrySettings>, signal = new AbortController().signal) {
  const all = { dockerConfig: { path, explicit: false }, dockerAuthConfig: undefined, credentialHelperEnv: {} };
  return registryLogin({ ...all, ...settings }, reference, signal);
}

describe('the file', () => {
  const failure = (file: string, explicit: boolean) =>
    login({ dockerConfig: { path: file, explicit } }).then(
      () => {
        throw new Error('it did not fail');
      },
      (error: unknown) => error as UpdateError,
    );

  it('reads the file anew each time', async () => {
    for (const user of ['first', 'second']) {
      await writeFile(path, JSON.stringify({ auths: { 'ghcr.io': entry(user) } }));
      const found = await login({ dockerConfig: { path, explicit: true } });
      expect(found?.credentials).toMatchObject({ username: user });
    }
  });

  it('is anonymous where the default file is absent', async () => {
    expect(await login({ dockerConfig: { path, explicit: false } })).toBeUndefined();
  });

  it('fails where a file that was set by hand is absent', async () => {
    const error = await failure(path, true);
    expect(error).toBeInstanceOf(UpdateError);
    expect(error).toMatchObject({ code: 'registry_credentials', stage: 'pull' });
    expect(error.message).toContain(`${path}: the file does not exist`);
  });

  it.each([true, false])('fails on a folder (set by hand: %s)', async (explicit) => {
    const error = await failure(folder, explicit);
    expect(error).toMatchObject({ code: 'registry_credentials', stage: 'pull' });
    expect(error.message).toContain('it is a folder');
  });

  it('fails on a path through a file', async () => {
    await writeFile(path, '{}');
    expect((await failure(join(path, 'config.json'), false)).message).toContain('ENOTDIR');
  });

  it.each([true, false])('fails on a malformed file without quoting it (set by hand: %s)', async (explicit) => {
    await writeFile(path, '{"auths":{"ghcr.io":{"auth":"c2VjcmV0"');
    const error = await failure(path, explicit);
    expect(error).toMatchObject({ code: 'registry_credentials', stage: 'pull' });
    expect(error.message).toContain(`${path}: it is not valid JSON`);
    expect(`${error.stack ?? ''} ${String(error.cause)}`).not.toContain('c2Vj');
  });
});

describe('the order of the sources', () => {
  const user = async (explicit: boolean, dockerAuthConfig: string | undefined) => {
    const found = await login({ dockerConfig: { path, explicit }, dockerAuthConfig });
    return found && [(found.credentials as { username: string }).username, found.source];
  };

  it('is DOCKER_CONFIG_PATH, DOCKER_AUTH_CONFIG, the default file; the first that knows the registry has the answer', async () => {
    await writeFile(path, config('file'));
    expect(await user(true, config('variable'))).toEqual(['file', `ghcr.io in ${path}`]);
    expect(await user(false, config('variable'))).toEqual(['variable', 'ghcr.io in DOCKER_AUTH_CONFIG']);
    expect(await user(false, '{}')).toEqual(['file', `ghcr.io in ${path}`]);
    await writeFile(path, '{"auths":{"other.io":{}}}');
    expect(await user(true, config('variable'))).toEqual(['variable', 'ghcr.io in DOCKER_AUTH_CONFIG']);
    expect(await user(true, undefined)).toBeUndefined();
  });

  it('is not left where a source is broken, so that no other one hides it', async () => {
    await writeFile(path, config('file'));
    await expect(user(false, '{"auths": hunter2-secret')).rejects.toThrow(
      'cannot use the registry credentials in DOCKER_AUTH_CONFIG: it is not valid JSON',
    );
  });

  it('is that of the secrets which are masked', async () => {
    await writeFile(path, config('file'));
    const secrets = await registrySecrets({
      dockerConfig: { path, explicit: true },
      dockerAuthConfig: '{"auths":{"x":{"identitytoken":"of-variable"}}}',
      credentialHelperEnv: {},
    });
    expect(secrets).toEqual([
      entry('file').auth,
      'hunter2-secret',
      'file:hunter2-secret',
      entry('file').auth.replace(/=+$/, ''),
      'of-variable',
    ]);
  });
});

describe('a credential helper', () => {
  const install = async (script: string): Promise<void> => {
    const program = join(folder, 'docker-credential-test');
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o755);
    await writeFile(path, '{"credHelpers":{"ghcr.io":"test"}}');
  };
  const ask = (signal?: AbortSignal) => login({ credentialHelperEnv: { PATH: `${folder}:/usr/bin:/bin` } }, signal);
  const answer = (fields: object): string => `cat <<'E'\n${JSON.stringify(fields)}\nE`;

  it('is asked as the Docker CLI asks it', async () => {
    await install('read registry; printf \'{"Username":"%s","Secret":"%s"}\' "$1" "$registry"');
    expect(await ask()).toEqual({
      source: `docker-credential-test, named in ${path}`,
      credentials: { username: 'get', password: 'ghcr.io', serveraddress: 'ghcr.io' },
    });
  });

  it('may have an identity token', async () => {
    await install(answer({ ServerURL: 'ghcr.io', Username: '<token>', Secret: 'jwt' }));
    expect((await ask())?.credentials).toEqual({ identitytoken: 'jwt', serveraddress: 'ghcr.io' });
  });

  it('may not know the registry: the pull is anonymous', async () => {
    await install('echo "credentials not found in native keychain"; exit 1');
    expect(await ask()).toBeUndefined();
  });

  it.each([
    ['fails', 'echo hunter2-secret; echo hunter2-secret >&2; exit 3', 'failed with exit code 3'],
    ['answers something else', 'echo hunter2-secret', 'something else than a user name and a secret'],
    ['answers nothing', 'true', 'something else than a user name and a secret'],
    ['never stops to answer', 'yes hunter2-secret', 'more than 65536 bytes'],
  ])('that %s fails the pull, without telling what it said', async (_, script, problem) => {
    await install(script);
    const error = await ask().then(
      () => undefined,
      (thrown: unknown) => thrown as UpdateError,
    );
    expect(error).toMatchObject({ code: 'registry_credentials', stage: 'pull' });
    expect(error?.message).toContain(problem);
    expect(`${String(error?.stack)} ${String(error?.cause)}`).not.toContain('hunter2');
  });

  const childPid = async (): Promise<number> => Number(await readFile(join(folder, 'child'), 'utf8'));
  const isAlive = async (pid: number): Promise<boolean> => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone Z');
    return !/\) Z|gone Z/.test(stat);
  };

  it('is not waited for when a child holds its output open, and the child is ended', async () => {
    await install(`sleep 60 & echo $! > ${folder}/child; echo '{"Username":"u","Secret":"s3cret"}'`);
    const started = performance.now();
    expect((await ask())?.credentials).toMatchObject({ username: 'u', password: 's3cret' });
    expect(performance.now() - started).toBeLessThan(5000);
    await setTimeout(100);
    expect(await isAlive(await childPid())).toBe(false);
  });

  it('is not waited for when a child that left its group holds its output open', async () => {
    await install(`setsid sleep 8 & echo '{"Username":"u","Secret":"s3cret"}'`);
    const started = performance.now();
    expect((await ask())?.credentials).toMatchObject({ username: 'u', password: 's3cret' });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('is ended with its children at its deadline, and when the service stops', async () => {
    const needed = { helper: 'test', serveraddress: 'ghcr.io', isRequired: true };
    await install(`sleep 60 & echo $! > ${folder}/child; wait`);
    const env = { PATH: `${folder}:/usr/bin:/bin` };
    await expect(askHelper(needed, env, new AbortController().signal, 300)).rejects.toThrow('did not answer within');
    await setTimeout(100);
    expect(await isAlive(await childPid())).toBe(false);
    await expect(ask(AbortSignal.timeout(300))).rejects.toMatchObject({ code: 'interrupted' });
    await setTimeout(100);
    expect(await isAlive(await childPid())).toBe(false);
  });

  it('is given up when the service stops', async () => {
    await install('exec sleep 60');
    await expect(ask(AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('that is missing is named, with how to mount it', async () => {
    await writeFile(path, '{"credHelpers":{"ghcr.io":"ecr-login"}}');
    await expect(ask()).rejects.toThrow(
      /docker-credential-ecr-login, which this service does not have: .*-v \/usr\/local\/bin\/docker-credential-ecr-login:/,
    );
  });

  it('that is missing matters only where it is known to have the answer', async () => {
    await writeFile(path, '{"credsStore":"desktop"}');
    expect(await ask()).toBeUndefined();
    await writeFile(path, '{"credsStore":"desktop","auths":{"ghcr.io":{}}}');
    await expect(ask()).rejects.toThrow('docker-credential-desktop, which this service does not have');
  });
});
