import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { onCleanUp } from '../../test/support/runner/cleanup.js';
import { npmPackage } from '../../test/support/runner/npm-package.js';
import { freePort } from '../../test/support/registry/registry.js';
import type { Extent } from './measure.js';

const startsWithinMs = 60_000;
/** As callers send it; long enough for all that is compared. */
export const secret = 'correct-horse-battery-staple';

/** The settings of a service that has neither an engine nor credentials. */
export function withoutEngine(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'no-engine-'));
  const config = join(folder, 'config.json');
  writeFileSync(config, '{}');
  return { DOCKER_HOST: `unix://${join(folder, 'docker.sock')}`, DOCKER_CONFIG_PATH: config };
}

/** A Node, and how people call it. */
export interface Node {
  version: string;
  path: string;
}

/** This Node, and the newest ones of the major versions 22 and 24, if npm has them for this machine; only 24 if it has to be quick. */
export function nodes({ quick }: Extent): Node[] {
  const found = (quick ? [24] : [22, 24]).flatMap((major) => {
    if (process.version.startsWith(`v${major}.`)) return [{ version: process.version, path: process.execPath }];
    const folder = npmPackage(`node-${process.platform}-${process.arch}`, String(major));
    if (!folder) return [];
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return [{ version: `v${version}`, path: join(folder, 'bin', 'node') }];
  });
  return found.length > 0 ? found : [{ version: process.version, path: process.execPath }];
}

/** A server in a process of its own, which answers at a port; its output goes nowhere. */
export class Program {
  private constructor(
    readonly port: number,
    readonly startMs: number,
    readonly child: ChildProcess,
  ) {}

  /**
   * @param command program and arguments; `{port}` in them is the port
   * @param up what answers 200, or whatever else `isUp` takes, once it is up; or how else that is seen
   */
  static async start(
    command: readonly string[],
    up: string | (() => boolean),
    env: Record<string, string> = {},
    isUp = (status: number): boolean => status === 200,
  ): Promise<Program> {
    const port = await freePort();
    const begun = performance.now();
    const [program = '', ...args] = command.map((part) => part.replace('{port}', String(port)));
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { PATH: process.env.PATH, NODE_ENV: 'production', SECRET_KEY: secret, PORT: String(port), ...env },
    });
    const started = new Program(port, 0, child);
    onCleanUp(() => started.stop());
    while (!(typeof up === 'string' ? isUp(await started.statusOf(up)) : up())) {
      if (child.exitCode !== null || performance.now() - begun > startsWithinMs)
        throw new Error(`${command.join(' ')} did not come up`);
      await setTimeout(2);
    }
    return new Program(port, performance.now() - begun, child);
  }

  /** Memory that it holds, as the kernel counts it. */
  get residentMiB(): number {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(this.proc('status'))?.[1]) / 1024;
  }

  /** CPU time that it has used; the kernel counts in hundredths of a second. */
  get cpuMs(): number {
    const [user = 0, system = 0] = (this.proc('stat').split(') ').at(-1) ?? '').split(' ').slice(11, 13).map(Number);
    return (user + system) * 10;
  }

  /** What has come and gone on all networks of its namespace, its loopback included. */
  get networkBytes(): number {
    const counters = [...this.proc('net/dev').matchAll(/^ *\S+: *(\d+)(?: +\d+){7} +(\d+)/gm)];
    return counters.reduce((sum, [, received, sent]) => sum + Number(received) + Number(sent), 0);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  private proc(file: string): string {
    return readFileSync(`/proc/${String(this.child.pid)}/${file}`, 'utf8');
  }

  private statusOf(path: string): Promise<number> {
    return new Promise((resolve) => {
      request({ port: this.port, path, host: '127.0.0.1' }, (response) => {
        response.resume().once('end', () => {
          resolve(response.statusCode ?? 0);
        });
      })
        .once('error', () => {
          resolve(0);
        })
        .end();
    });
  }
}
