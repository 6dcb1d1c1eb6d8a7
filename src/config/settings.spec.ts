import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidSettings, readSettings } from './settings.js';

const secret = { SECRET_KEY: 'a-secret' };

function problemsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof InvalidSettings) return error.problems;
    throw error;
  }
  return [];
}

describe('readSettings', () => {
  it('has a default for everything but the secret (S19)', () => {
    expect(readSettings(secret)).toMatchObject({
      port: 8080,
      queueSize: 1024,
      dockerConfig: { path: '/root/.docker/config.json', explicit: false },
      logLevel: 'info',
      engine: {},
      engineWaitMs: 30_000,
      settleTimeMs: 5000,
      proofTimeoutMs: 300_000,
      unhealthyGraceMs: 20_000,
      maxStopMs: 600_000,
      drainTimeoutMs: 8000,
    });
  });

  it.each([
    ['unset', undefined, 'is required'],
    ['empty', '', 'must not be empty'],
    ['blank', '  ', 'must not be empty'],
    ['with white space', 'two words', 'without white space'],
    ['with a line break', 'secret\n', 'without white space'],
  ])('refuses a SECRET_KEY that is %s, and says why (S11)', (_, value, rule) => {
    const problems = problemsOf({ SECRET_KEY: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^SECRET_KEY /);
    expect(problems[0]).toContain(rule);
  });

  it('lists every bad variable with its rule, and never the secret', () => {
    const problems = problemsOf({
      SECRET_KEY: 'two words',
      PORT: '70000',
      QUEUE_SIZE: '1.5',
      LOG_LEVEL: 'loud',
      PROOF_TIMEOUT: 'soon',
      DOCKER_HOST: 'ftp://x',
      DOCKER_CONFIG_PATH: '/does/not/exist',
    });
    expect(problems.map((line) => line.split(/[ :]/)[0])).toEqual([
      'SECRET_KEY',
      'PORT',
      'QUEUE_SIZE',
      'DOCKER_CONFIG_PATH',
      'LOG_LEVEL',
      'PROOF_TIMEOUT',
      'DOCKER_HOST',
    ]);
    expect(problems.join()).not.toContain('two words');
  });

  it.each(['0', '65536', '80a', '-1', '1e3', ' '])('refuses PORT=%p', (PORT) => {
    expect(problemsOf({ ...secret, PORT })).toEqual(['PORT must be a whole number from 1 to 65535']);
  });

  it('reads the secret from the file that SECRET_KEY_FILE names', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'settings-')), 'secret');
    writeFileSync(path, 'of-the-file\n');
    expect(readSettings({ SECRET_KEY_FILE: path })).toMatchObject({ secretKey: 'of-the-file', secretKeyFile: path });
    expect(readSettings({ SECRET_KEY_FILE: path, SECRET_KEY: '' })).toMatchObject({ secretKey: 'of-the-file' });
    expect(problemsOf({ SECRET_KEY_FILE: path, SECRET_KEY: 'x' })).toEqual([
      'SECRET_KEY_FILE and SECRET_KEY are both set; set one of them',
    ]);
    writeFileSync(path, '\n');
    expect(problemsOf({ SECRET_KEY_FILE: path })).toEqual(['SECRET_KEY_FILE names an empty file']);
    writeFileSync(path, 'two words');
    const [problem] = problemsOf({ SECRET_KEY_FILE: path });
    expect(problem).toMatch(/^SECRET_KEY_FILE: its content must be visible ASCII/);
    expect(problemsOf({ SECRET_KEY_FILE: '/nowhere' })).toEqual([
      'SECRET_KEY_FILE names a file that cannot be read (ENOENT)',
    ]);
  });

  it('needs no secret where there is a policy file', () => {
    expect(readSettings({ POLICY_PATH: '/policy.yaml' })).toMatchObject({
      secretKey: undefined,
      policyPath: '/policy.yaml',
    });
    expect(readSettings({ POLICY_PATH: '/policy.yaml', SECRET_KEY: '' }).secretKey).toBeUndefined();
  });

  it.each([
    ['REQUIRE_LABEL', 'yes', 'true or false'],
    ['TRUST_PROXY', 'true', 'addresses or networks'],
    ['MAX_CONNECTIONS', '0', 'whole number'],
  ])('refuses %s=%s', (name, value, rule) => {
    expect(problemsOf({ ...secret, [name]: value })).toEqual([expect.stringContaining(rule)]);
  });

  it('takes an empty variable for unset, as Compose passes them', () => {
    expect(readSettings({ ...secret, PORT: '', LOG_LEVEL: '', DOCKER_CONFIG_PATH: '' })).toMatchObject({
      port: 8080,
      logLevel: 'info',
    });
  });

  it('asks for DOCKER_CONFIG_PATH to be readable only where it was set by hand', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'settings-')), 'config.json');
    expect(problemsOf({ ...secret, DOCKER_CONFIG_PATH: path })).toEqual([
      'DOCKER_CONFIG_PATH names a file that cannot be read',
    ]);
    writeFileSync(path, '{}');
    expect(readSettings({ ...secret, DOCKER_CONFIG_PATH: path }).dockerConfig).toEqual({ path, explicit: true });
  });

  it('finds config.json in the folder that DOCKER_CONFIG names, unless DOCKER_CONFIG_PATH names the file', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'settings-')), 'config.json');
    writeFileSync(path, '{}');
    expect(readSettings({ ...secret, DOCKER_CONFIG: '/etc/docker-cli' }).dockerConfig).toEqual({
      path: '/etc/docker-cli/config.json',
      explicit: false,
    });
    expect(readSettings({ ...secret, DOCKER_CONFIG: '/x', DOCKER_CONFIG_PATH: path }).dockerConfig.path).toBe(path);
  });

  it('keeps its own secrets from the programs that it runs', () => {
    const env = { ...secret, DOCKER_AUTH_CONFIG_FILE: '', AWS_PROFILE: 'ci' };
    expect(readSettings(env).credentialHelperEnv).toEqual({ AWS_PROFILE: 'ci' });
  });

  it.each([
    [{ RUST_LOG: 'debug' }, 'debug'],
    [{ RUST_LOG: 'info,hyper=warn' }, 'info'],
    [{ RUST_LOG: 'hyper=warn,error' }, 'error'],
    [{ RUST_LOG: 'trace' }, 'debug'],
    [{ RUST_LOG: 'hyper=warn' }, 'info'],
    [{ RUST_LOG: '???' }, 'info'],
    [{ RUST_LOG: 'debug', LOG_LEVEL: 'warn' }, 'warn'],
  ])('understands %p as level %p', (env, level) => {
    expect(readSettings({ ...secret, ...env }).logLevel).toBe(level);
  });

  it.each([
    ['unix:///run/docker.sock', { socketPath: '/run/docker.sock' }],
    ['tcp://docker.example:2375', { host: 'docker.example', port: 2375 }],
    ['tcp://docker.example', { host: 'docker.example', port: 2375 }],
  ])('finds the engine at DOCKER_HOST=%p', (DOCKER_HOST, engine) => {
    expect(readSettings({ ...secret, DOCKER_HOST }).engine).toEqual(engine);
  });

  it('says which certificate is missing', () => {
    const problems = problemsOf({
      ...secret,
      DOCKER_HOST: 'tcp://x',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: '/nowhere',
    });
    expect(problems).toEqual([expect.stringContaining('/nowhere/ca.pem')]);
  });
});
