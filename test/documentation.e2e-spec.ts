// @needs internet: for nginx and Caddy, Debian packages, where they are not there.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { diagram } from '../scripts/diagram.mjs';
import { policySchema } from '../src/config/policy/policy.schema.js';
import { parseReceivers } from '../src/config/receivers.js';
import { debianProgram } from './support/runner/debian-program.js';
import { codeBlocks } from './support/runner/documentation.js';
import {
  describeOnEngine,
  docker,
  onPrivateEngine,
  testEnvironment,
  uniqueName,
} from './support/runner/environment.js';
import { buildImage } from './support/fixtures/images.js';
import { freePort } from './support/registry/registry.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const files = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

function block(file: string, part: string): string {
  const found = codeBlocks(file).find(({ text }) => text.includes(part));
  if (!found) throw new Error(`${file} has no block with ${part}`);
  return found.text;
}

describe('the docs', () => {
  const composeFiles = [
    'compose.yaml',
    ...['fleet/compose', 'fleet/agent.compose', 'socket-proxy/compose'].map((name) => `deploy/${name}.yaml`),
  ];
  it.each(composeFiles)('limit the log of each service in %s', (file) => {
    const { services } = parse(readFileSync(file, 'utf8'), { merge: true }) as {
      services: Record<string, { logging?: { options?: object } }>;
    };
    const limits = Object.entries(services).map(([name, { logging }]) => [name, logging?.options]);
    expect(limits).toEqual(Object.keys(services).map((name) => [name, { 'max-size': '10m', 'max-file': '3' }]));
  });

  it.each(['README.md', 'docs/security.md'])('limit the log of the container that %s runs', (file) => {
    expect(block(file, 'docker run -d --name trigger-docker-pull')).toContain(
      '--log-opt max-size=10m --log-opt max-file=3',
    );
  });

  it('link to nothing that is not there', () => {
    const broken = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, target = '']) => join(dirname(file), target))
        .filter((target) => !existsSync(target))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('show the stages of an update as they are written down', () => {
    expect(readFileSync('docs/update-stages.svg', 'utf8')).toBe(
      diagram(readFileSync('docs/update-stages.txt', 'utf8')),
    );
  });

  it('give a list of webhooks that can be read', () => {
    const [, list = ''] = /^NOTIFICATION_URLS=(.+)$/m.exec(block('docs/notifications.md', 'NOTIFICATION_URLS')) ?? [];
    expect(parseReceivers(list).map(({ format }) => format)).toEqual(['slack', 'discord', 'json']);
  });

  it('give policies that the service takes', () => {
    for (const part of ['yaml-language-server', 'issuer: https://gitlab', 'frozen: true']) {
      const parsed = policySchema().safeParse(parse(block('docs/policy.md', part)));
      expect({ part, problems: parsed.error?.issues ?? [] }).toEqual({ part, problems: [] });
    }
  });

  const caddy = debianProgram('caddy', ['caddy']);
  (caddy ? it : it.skip)('give a Caddyfile that Caddy understands', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tdp-caddy-'));
    const file = join(folder, 'Caddyfile');
    writeFileSync(file, block('docs/security.md', 'reverse_proxy'));
    const args = ['adapt', '--adapter', 'caddyfile', '--config', file];
    const { status, stdout, stderr } = spawnSync(caddy?.path ?? '', args, { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect([status, stderr.includes('rror')]).toEqual([0, false]);
    expect(stdout).toContain('127.0.0.1:8080');
  });
});

describeOnEngine('the docs, on a real engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-docs-'));
  let service: Service;
  let nginx: ChildProcess | undefined;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, TRUST_PROXY: 'loopback' });
    await service.ready();
  });
  afterAll(async () => {
    nginx?.kill();
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  const program = onPrivateEngine ? debianProgram('nginx', ['nginx']) : undefined;
  (program ? it : it.skip)('put nginx before the service, which learns the address of the caller', async () => {
    const port = await freePort();
    const location = block('docs/security.md', 'proxy_pass').replace('127.0.0.1:8080', `127.0.0.1:${service.port}`);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}\n` +
        `http { access_log off; ${paths.join(' ')} server { listen 127.0.0.1:${port}; ${location} } }`,
    );
    nginx = spawn(program?.path ?? '', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
      env: { ...process.env, ...program?.env },
      stdio: 'ignore',
    });
    const url = `http://127.0.0.1:${port}`;
    await until('an answer through nginx', 10_000, async () => (await fetch(`${url}/health/live`)).ok || undefined);
    const headers = { Authorization: `Bearer ${Service.secret}` };
    const answer = await fetch(`${url}/notify/${uniqueName('nobody')}?wait=10`, { method: 'POST', headers });
    expect(await answer.json()).toMatchObject({ code: 'no_such_container' });
  });

  it('repair by hand what a failed rollback left behind', async () => {
    const image = `${uniqueName('repaired')}:latest`;
    await buildImage(docker, image, { version: 'v1' });
    const web = uniqueName('web');
    const replacement = `${web}-upd-new-0123456789ab`;
    for (const name of [web, replacement]) await docker.createContainer({ name, Image: image });
    for (const part of ['docker ps', 'docker rename']) {
      const script = block('docs/operating.md', part).replaceAll(/\bweb(-upd-new-0123456789ab)?\b/g, `${web}$1`);
      const { status, stdout } = spawnSync('sh', ['-ec', script], {
        encoding: 'utf8',
        env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost },
      });
      expect([part, status]).toEqual([part, 0]);
      if (part === 'docker ps') expect(stdout).toContain(replacement);
    }
    const found = await docker.listContainers({ all: true, filters: { name: [web] } });
    expect(Object.fromEntries(found.map(({ Names, State }) => [Names.join(), State]))).toEqual({
      [`/${web}`]: 'running',
      [`/${web}-before`]: 'created',
    });
    for (const { Id } of found) await docker.getContainer(Id).remove({ force: true });
    await docker.getImage(image).remove();
  });
});
