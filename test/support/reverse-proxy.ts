import type Docker from 'dockerode';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pack } from 'tar-stream';
import { docker, uniqueName } from './environment.js';
import { Unavailable } from './packages.js';
import { finish } from './progress.js';
import { freePort } from './registry.js';

const installed = '/usr/sbin/nginx';

/** Asks the engine's DNS again each second, as one must that is to follow a container; what it answers is good for 600 s. */
const configuration = (upstreams: Record<string, string>): string => `
daemon off;
error_log /dev/stderr warn;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  keepalive_timeout 300s;
  resolver 127.0.0.11 valid=1s ipv6=off;
  server {
    listen 80;
${Object.entries(upstreams)
  .map(([path, host]) => `    location ${path} { set $upstream ${host}; proxy_pass http://$upstream:80/; }`)
  .join('\n')}
  }
}
`;

/**
 * Runs Debian's nginx in a container on the network, before the containers that the paths lead to by their names.
 * @throws Unavailable where nginx cannot be had
 */
export async function runReverseProxy(
  network: string,
  upstreams: Record<string, string>,
): Promise<{ container: Docker.Container; port: number }> {
  const image = await proxyImage();
  const port = await freePort();
  const container = await docker.createContainer({
    name: uniqueName('proxy'),
    Image: image,
    Cmd: ['/usr/sbin/nginx', '-c', '/etc/nginx.conf', '-e', 'stderr'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      NetworkMode: network,
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
    },
  });
  const files = pack();
  files.entry({ name: 'nginx.conf' }, configuration(upstreams));
  files.finalize();
  await container.putArchive(files as unknown as NodeJS.ReadableStream, { path: '/etc' });
  await container.start();
  return { container, port };
}

/** This machine's nginx, or that of a package which is taken apart in a folder that goes with the run: none is installed. */
async function proxyImage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const root = join(folder, 'root');
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  try {
    if (!existsSync(installed)) {
      run('apt-get', '-qq', 'download', 'nginx', 'libpcre2-8-0', 'libssl3');
      for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) run('dpkg', '-x', file, '.');
    }
    const program = [installed, join(folder, installed)].find(existsSync) ?? installed;
    const own = join(folder, 'usr/lib', `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`);
    const libraries = run('env', `LD_LIBRARY_PATH=${own}`, 'ldd', program).match(/\/\S+\.so\S*/g) ?? [];
    for (const file of [program, ...libraries]) {
      const inside = join(root, file.replace(folder, ''));
      mkdirSync(dirname(inside), { recursive: true });
      cpSync(realpathSync(file), inside);
    }
    for (const needed of ['etc', 'var/log/nginx', 'var/lib/nginx', 'run', 'tmp'])
      mkdirSync(join(root, needed), { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:\nnobody:x:65534:65534::/:\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
    const archive = join(folder, 'root.tar');
    run('tar', '-C', root, '-cf', archive, '.');
    const repo = uniqueName('nginx');
    await finish(await docker.importImage(archive, { repo, tag: 'latest' }), 'importing nginx');
    return `${repo}:latest`;
  } catch (error) {
    throw new Unavailable(`nginx cannot be had: ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
