import type Docker from 'dockerode';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pack } from 'tar-stream';
import type { AppImage } from '../fixtures/images.js';
import { Unavailable } from '../runner/packages.js';
import { pullImage } from '../engine/pull-image.js';
import { freePort } from '../registry/registry.js';

const installed = '/usr/sbin/nginx';

const common = `
daemon off;
error_log /dev/stderr warn;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
`;

/**
 * Asks the engine's DNS again each second, as one must that is to follow a container: what it answers is good for 600 s. By
 * an alias it may still find a container that has just gone, and must then soon try the other one: by default after 60 s.
 */
const proxying = (upstreams: Record<string, string>): string => `${common}
http {
  access_log off;
  keepalive_requests 1000000;
  keepalive_timeout 300s;
  resolver 127.0.0.11 valid=1s ipv6=off;
  proxy_connect_timeout 2s;
  server {
    listen 80;
${Object.entries(upstreams)
  .map(([path, host]) => `    location ${path} { set $upstream ${host}; proxy_pass http://$upstream:80/; }`)
  .join('\n')}
  }
}
`;

const answering = (answer: string): string => `${common}
http {
  access_log off;
  server { listen 80; location / { return 200 "${answer}"; } }
}
`;

const command = '/usr/sbin/nginx -e stderr -c';

/** @param nginx as `nginxBase` has it */
export function proxyImage(nginx: Buffer): AppImage {
  return { version: 'proxy', base: nginx };
}

/**
 * Runs nginx in a container on the network, before the containers that the paths lead to by their names.
 * @param image the reference of `proxyImage`
 */
export async function runReverseProxy(
  docker: Docker,
  image: string,
  network: string,
  upstreams: Record<string, string>,
): Promise<{ container: Docker.Container; port: number }> {
  const port = await freePort();
  await pullImage(docker, image);
  const container = await docker.createContainer({
    name: `${network}-proxy`,
    Image: image,
    Cmd: [...command.split(' '), '/etc/nginx.conf'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      NetworkMode: network,
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
    },
  });
  const files = pack();
  files.entry({ name: 'nginx.conf' }, proxying(upstreams));
  files.finalize();
  await container.putArchive(files as unknown as NodeJS.ReadableStream, { path: '/etc' });
  await container.start();
  return { container, port };
}

/**
 * An app that takes its time to listen, and then holds out under load: busybox' server has room for nine connections that
 * wait to be accepted, and loses more. On SIGQUIT it finishes what it has begun, as nginx' own image does.
 */
export function slowApp(nginx: Buffer, listensAfterSeconds: number, version: string): AppImage {
  return {
    version,
    base: nginx,
    files: { 'app.conf': answering(version) },
    cmd: ['/bin/sh', '-c', `/bin/busybox sleep ${listensAfterSeconds}; exec ${command} /app.conf`],
    config: {
      Healthcheck: {
        Test: ['CMD', '/bin/busybox', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1/'],
        Interval: 1e9,
      },
    },
    stopSignal: 'SIGQUIT',
  };
}

/**
 * An app that serves on for a while when it is stopped, as one must that is found by DNS: who has asked for its address a
 * moment before still comes. `slowApp` leaves that to the service; Swarm stops a task at once.
 */
export function drainingApp(nginx: Buffer, version: string): AppImage {
  return {
    ...slowApp(nginx, 0, version),
    cmd: ['/bin/sh', '-c', `${command} /app.conf & trap "/bin/busybox sleep 5; kill -QUIT $!" TERM; wait; wait`],
    stopSignal: 'SIGTERM',
  };
}

/**
 * Debian's nginx, as what images stand on: this machine's, or that of a package which is taken apart in a folder that goes with
 * the run: none is installed.
 * @throws Unavailable where nginx cannot be had
 */
export function nginxBase(): Buffer {
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
    return readFileSync(archive);
  } catch (error) {
    throw new Unavailable(`nginx cannot be had: ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
