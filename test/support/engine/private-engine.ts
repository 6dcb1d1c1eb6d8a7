import type Docker from 'dockerode';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { installedBusybox } from '../fixtures/busybox.js';
import { answers, connect } from './connect.js';
import { debianRoot } from '../runner/debian-root.js';
import { Namespaces } from '../runner/namespaces.js';
import { networkState } from './network-state.js';
import { install, isInstalled, Unavailable } from '../runner/packages.js';
import { allGone, runningProcesses, signalAll } from '../runner/processes.js';
import type { TestRun } from '../runner/test-run.js';
import { until } from '../runner/until.js';

const readyWithinMs = 60_000;
const haltsWithinMs = 30_000;
const patienceMs = 15 * 60_000;

export interface EngineFeatures {
  /** Keeps images in containerd's store, as fresh installations of Docker Engine 29 do. */
  containerdStore?: boolean;
}

/** A dockerd of our own, with its containers, images and logs in a folder of its own. */
export class PrivateEngine {
  readonly dockerHost: string;
  readonly docker: Docker;

  /** @param namespaces where it runs, if not in those of this process */
  private constructor(
    readonly folder: string,
    readonly namespaces?: Namespaces,
  ) {
    this.dockerHost = `unix://${join(folder, 'docker.sock')}`;
    this.docker = connect(this.dockerHost);
  }

  /** The engine in a folder, which another process may have started. */
  static in(folder: string): PrivateEngine {
    return new PrivateEngine(folder, Namespaces.of(folder));
  }

  /**
   * The newest engine that Debian has, beside the one of this machine, in namespaces of its own.
   * @param name of its folder in that of the run, by which the end of the run finds it
   * @throws Unavailable where it cannot be had
   */
  static async startNewest(runFolder: string, name: string, features: EngineFeatures = {}): Promise<PrivateEngine> {
    const debian = await debianRoot();
    const folder = join(runFolder, name);
    const engine = new PrivateEngine(folder, await Namespaces.make(debian, runFolder, folder));
    writeFileSync(
      engine.configPath,
      JSON.stringify({ features: { 'containerd-snapshotter': !!features.containerdStore } }),
    );
    await engine.launch();
    return engine;
  }

  private get configPath(): string {
    return join(this.folder, 'daemon.json');
  }

  /** @throws Unavailable with what to install */
  static async start(run: TestRun): Promise<PrivateEngine> {
    installWhatIsMissing();
    const engine = new PrivateEngine(join(run.folder, 'engine'));
    await waitForOtherEngines();
    run.mayLeave({ privateEngine: engine.dockerHost, networkBefore: networkState() });
    mkdirSync(engine.folder);
    writeFileSync(engine.configPath, '{}');
    await engine.launch();
    return engine;
  }

  /** Starts the daemon, again after `halt`, and waits until it answers. */
  async launch(): Promise<void> {
    const logPath = join(this.folder, 'dockerd.log');
    const log = openSync(logPath, 'a');
    const { folder } = this;
    // The pid files of daemons that were killed would keep the next ones from starting, where a number is in use again.
    for (const path of ['pid', 'exec/containerd/containerd.pid']) rmSync(join(folder, path), { force: true });
    const options = [
      ...['--config-file', this.configPath],
      ...['--data-root', join(folder, 'data')],
      ...['--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'pid')],
      ...['-H', this.dockerHost],
    ];
    const [program, args] = this.namespaces?.inside('dockerd', ...options) ?? ['dockerd', options];
    const daemon = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
    daemon.unref();
    closeSync(log);
    let failure: unknown;
    daemon.once('error', (error) => (failure = error));
    const started = await until('the start of the private dockerd', readyWithinMs, async () => {
      if (failure !== undefined || daemon.exitCode !== null) return false;
      return (await answers(this.docker)) || undefined;
    }).catch((error: unknown) => {
      failure = error;
      return false;
    });
    if (started) return;
    const lastLines = readFileSync(logPath, 'utf8').split('\n').slice(-8).join('\n');
    throw new Unavailable(`the private dockerd did not become ready:\n${lastLines}`, { cause: failure });
  }

  /**
   * Ends the daemon: SIGTERM as a host's shutdown does, SIGKILL as a crash does. Containers end with SIGTERM only. With
   * the daemon goes its containerd: one that is about to end would be taken for one that serves by the next daemon.
   */
  async halt(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const [daemons, containerd] = ['dockerd', 'containerd'].map((name) =>
      runningProcesses()
        .filter(({ program, commandLine }) => program === name && commandLine.includes(this.folder))
        .map(({ pid }) => pid),
    ) as [number[], number[]];
    signalAll(daemons, signal);
    await gone(daemons);
    if (signal === 'SIGKILL') signalAll(containerd, 'SIGKILL');
    await gone(containerd);
  }

  async restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.halt(signal);
    await this.launch();
  }
}

/** Sees to it that they end. */
async function gone(pids: number[]): Promise<void> {
  if (await allGone(pids, haltsWithinMs)) return;
  signalAll(pids, 'SIGKILL');
  await allGone(pids, haltsWithinMs);
}

/** All at once, what an engine, a registry and images for them need: one wait, and one reason where it cannot be. */
function installWhatIsMissing(): void {
  const needed: [program: string, debianPackage: string, isThere: boolean][] = [
    ['dockerd', 'docker.io', isInstalled('dockerd')],
    ['iptables', 'iptables', isInstalled('iptables')],
    ['docker-registry', 'docker-registry', isInstalled('docker-registry')],
    ['a static busybox', 'busybox-static', installedBusybox() !== undefined],
  ];
  const missing = needed.filter(([, , isThere]) => !isThere);
  if (missing.length > 0)
    install(
      missing.map(([, name]) => name),
      missing.map(([program]) => program),
    );
  else if (process.getuid?.() !== 0)
    throw new Unavailable(
      'no Docker Engine answers, and only root can start a private one: start Docker, or run this as root',
    );
}

/**
 * Two daemons in one network namespace take docker0 and the firewall's rules from each other: one waits for the other.
 * @throws Unavailable when the other one does not end
 */
async function waitForOtherEngines(): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let told = false; !(await isFirst()) || otherDaemons().length > 0; told = true) {
    if (!told) console.log('Another private Docker Engine is at work here; waiting for it to end …');
    if (performance.now() > deadline)
      throw new Unavailable(
        `another dockerd runs here and does not answer at the default socket: ${otherDaemons().join(', ')}`,
      );
    await setTimeout(1000);
  }
}

function otherDaemons(): string[] {
  const here = readlinkSync('/proc/self/ns/net');
  return runningProcesses()
    .filter(({ program, networkNamespace }) => program === 'dockerd' && networkNamespace === here)
    .map(({ pid, commandLine }) => `${pid} ${commandLine}`);
}

let first: Promise<boolean> | undefined;

/**
 * Whether this process is the one that may start an engine now. An abstract socket, as a lock, is per network namespace
 * and ends with its process, however that ends.
 */
async function isFirst(): Promise<boolean> {
  if (await first) return true;
  first = new Promise((resolve) => {
    const lock = createServer();
    lock.unref();
    lock.once('error', () => {
      resolve(false);
    });
    lock.listen('\0trigger-docker-pull-private-engine', () => {
      resolve(true);
    });
  });
  return first;
}
