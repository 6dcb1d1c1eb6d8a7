import Docker from 'dockerode';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { onCleanUp } from './cleanup.js';
import { ensurePrograms, Unavailable } from './packages.js';
import { until } from './until.js';

const daemonReadyMs = 60_000;

/** A Docker Engine to test against: the machine's own, or a private one. */
export interface TestEngine {
  /** As DOCKER_HOST takes it. */
  dockerHost: string;
  isPrivate: boolean;
  docker: Docker;
}

/** Connects to an engine by DOCKER_HOST's form. */
export function connect(dockerHost: string): Docker {
  if (dockerHost.startsWith('unix://'))
    return new Docker({ host: undefined, socketPath: dockerHost.slice('unix://'.length) });
  const { hostname, port } = new URL(dockerHost);
  return new Docker({ host: hostname, port: Number(port || 2375), protocol: 'http' });
}

/**
 * The engine of DOCKER_HOST or the default socket where one answers, else a private one.
 * @throws Unavailable with what to install
 */
export async function findOrStartEngine(): Promise<TestEngine> {
  const candidates = process.env.DOCKER_HOST
    ? [process.env.DOCKER_HOST]
    : ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')]
        .filter(existsSync)
        .map((path) => `unix://${path}`);
  for (const dockerHost of candidates) {
    const docker = connect(dockerHost);
    if (await answers(docker)) return { dockerHost, isPrivate: false, docker };
  }
  return (await PrivateEngine.start()).asTestEngine();
}

/** A dockerd of our own, with its containers and images in a folder of its own. */
export class PrivateEngine {
  private daemon: ChildProcess | undefined;
  readonly dockerHost: string;
  readonly docker: Docker;

  private constructor(private readonly folder: string) {
    this.dockerHost = `unix://${join(folder, 'docker.sock')}`;
    this.docker = connect(this.dockerHost);
  }

  static async start(): Promise<PrivateEngine> {
    ensurePrograms({ dockerd: 'docker.io', containerd: 'docker.io', iptables: 'iptables', busybox: 'busybox-static' });
    const engine = new PrivateEngine(mkdtempSync(join(tmpdir(), 'tdp-engine-')));
    onCleanUp(() => engine.remove());
    await engine.launch();
    return engine;
  }

  asTestEngine(): TestEngine {
    return { dockerHost: this.dockerHost, isPrivate: true, docker: this.docker };
  }

  async launch(): Promise<void> {
    const log = openSync(join(this.folder, 'dockerd.log'), 'a');
    const args = ['--data-root', 'data', '--exec-root', 'exec', '-H', 'unix://docker.sock', '--pidfile', 'pid'].map(
      (arg) => (arg.startsWith('unix://') ? this.dockerHost : arg.startsWith('-') ? arg : join(this.folder, arg)),
    );
    this.daemon = spawn('dockerd', args, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const { daemon } = this;
    try {
      await until('the start of the private dockerd', daemonReadyMs, async () => {
        if (await answers(this.docker)) return true;
        if (daemon.exitCode !== null) throw new Unavailable('the private dockerd ended');
        return undefined;
      });
    } catch (error) {
      const lastLines = readFileSync(join(this.folder, 'dockerd.log'), 'utf8').split('\n').slice(-8).join('\n');
      throw new Unavailable(`the private dockerd did not become ready:\n${lastLines}`, { cause: error });
    }
  }

  /** Ends the daemon: SIGTERM as a host's shutdown does, SIGKILL as a power failure does. Containers end with SIGTERM only. */
  async halt(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { daemon } = this;
    if (daemon?.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill(signal);
    const gone = once(daemon, 'exit');
    const patience = new AbortController();
    const late = setTimeout(30_000, 'late', { signal: patience.signal }).catch(() => 'gone');
    if ((await Promise.race([gone, late])) === 'late') {
      daemon.kill('SIGKILL');
      await gone;
    }
    patience.abort();
  }

  private async remove(): Promise<void> {
    for (const { Id } of await this.docker.listContainers({ all: true }).catch(() => [])) {
      await this.docker
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => undefined);
    }
    await this.halt('SIGTERM');
    // The network namespaces of containers are mounted in here, and some stay so.
    for (const mount of mountsUnder(this.folder)) spawnSync('umount', ['-l', mount]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** What is mounted in a folder, innermost first. */
function mountsUnder(folder: string): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return mounts.filter((path) => path.startsWith(`${folder}/`)).reverse();
}

async function answers(docker: Docker): Promise<boolean> {
  const late = new AbortController();
  try {
    return await Promise.race([docker.ping().then(() => true), setTimeout(3000, false, { signal: late.signal })]);
  } catch {
    return false;
  } finally {
    late.abort();
  }
}
