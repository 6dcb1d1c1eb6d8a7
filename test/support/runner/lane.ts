import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Job, JobDone, LaneReady } from './lane.protocol.js';

const script = fileURLToPath(new URL('run-lane.ts', import.meta.url));

/**
 * A process that runs tests against an engine of its own. Two engines need two network namespaces: a lane in one of its
 * own has a loopback interface and nothing else, no internet.
 */
export class Lane {
  isPrivateEngine = false;
  private readonly child: ChildProcess;
  private readonly gone: Promise<never>;

  constructor(network?: 'own network') {
    const node = [process.execPath, '--import', 'tsx', script];
    const [program = '', ...args] = network
      ? ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...node]
      : node;
    this.child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
    this.gone = new Promise((_, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', () => {
        reject(new Error('a lane of the tests ended before its work was done'));
      });
    });
    // Whoever waits hears of it; nobody has to wait.
    this.gone.catch(() => undefined);
  }

  /** Waits for its engine; answers what it tests with. @throws Error where the lane cannot be had */
  async ready(): Promise<string> {
    const { ready, isPrivateEngine } = await this.answer<LaneReady>();
    this.isPrivateEngine = isPrivateEngine;
    return ready;
  }

  run(job: Job): Promise<JobDone> {
    this.child.send(job);
    return this.answer<JobDone>();
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Lets it clean up, and waits for that. */
  async end(): Promise<void> {
    const { child } = this;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    if (child.connected) child.send([]);
    await exit;
  }

  private async answer<T>(): Promise<T> {
    const [message] = (await Promise.race([once(this.child, 'message'), this.gone])) as [T];
    return message;
  }
}
