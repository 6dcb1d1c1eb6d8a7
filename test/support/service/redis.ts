import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianProgram } from '../runner/debian-program.js';
import { freePort } from '../registry/registry.js';
import { until } from '../runner/until.js';

/** Debian's, installed or unpacked; undefined where it cannot be had. */
export const redisProgram = debianProgram('redis-server', [
  ...['redis-server', 'redis-tools', 'liblua5.1-0', 'lua-cjson', 'lua-bitop', 'libjemalloc2', 'liblzf1'],
  ...['libatomic1', 'libhiredis0.14', 'libssl3', 'libsystemd0'],
]);

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A Redis of a test's own, which appends each write to a file before it answers, as docs/fleet.md has it. */
export class TestRedis {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: string[],
  ) {}

  static async start(...options: string[]): Promise<TestRedis> {
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    const redis = new TestRedis(await freePort(), folder, options);
    await redis.launch();
    return redis;
  }

  /** With a configuration file, in which `port` is left to the test. */
  static async configured(path: string, portOption: string, isThere: (port: number) => Promise<true | undefined>) {
    const port = await freePort();
    const child = spawn(redisProgram?.path ?? 'redis-server', [path, `--${portOption}`, String(port)], {
      stdio: 'ignore',
      env: { ...process.env, ...redisProgram?.env },
    });
    running.add(child);
    await until('the start of Redis', 20_000, () => isThere(port));
    return { port, kill: () => child.kill('SIGKILL') };
  }

  get url(): string {
    return this.urlAt('127.0.0.1');
  }

  /** By another address, to which it has to be bound. */
  urlAt(address: string): string {
    return `redis://${address}:${this.port}`;
  }

  get isAlive(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it, again after `kill`, with what it had written. */
  async launch(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    const child = spawn(
      redisProgram?.path ?? 'redis-server',
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''],
        ...['--appendonly', 'yes', '--appendfsync', 'always', ...this.options],
      ],
      { stdio: 'ignore', env: { ...process.env, ...redisProgram?.env } },
    );
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.child = child;
    await until('the start of Redis', 20_000, () => answers(this.port));
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || !this.isAlive) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Alive, and answering nobody. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }
}

async function answers(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.end('PING\r\n');
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString().startsWith('+PONG') || undefined;
  } finally {
    socket.destroy();
  }
}

/** Whether anything listens at a port. */
export async function acceptsConnections(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
