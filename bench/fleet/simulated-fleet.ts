import { Redis } from 'ioredis';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { isFinished, type Deployment } from '../../src/deployments/deployment.js';
import { keyPrefix } from '../../src/redis/redis-connections.js';
import { onCleanUp } from '../../test/support/runner/cleanup.js';
import { TestRedis } from '../../test/support/service/redis.js';
import { until } from '../../test/support/runner/until.js';
import { Program, secret } from '../support/program.js';

const agentsPerProcess = 250;
const replicas = 2;
/** More than are made, so that they can be counted. */
const deploymentsKept = 100_000;
const startsWithinMs = 300_000;
const endsWithinMs = 900_000;

/** The file that Redis appends to is in memory where that can be: a disk that is busy with other work is not what is measured. */
function inMemory(): string[] {
  if (!existsSync('/dev/shm')) return [];
  const folder = mkdtempSync('/dev/shm/fleet-');
  onCleanUp(() => {
    rmSync(folder, { recursive: true });
  });
  return ['--dir', folder];
}

/** A fleet on one machine: Redis, two replicas that accept, and agents with a fake engine, many in a process. */
export class SimulatedFleet {
  /** For whoever measures; a connection more than the fleet has. */
  readonly redis: Redis;
  private readonly agents: ChildProcess[] = [];
  private readonly replicas: Program[] = [];
  private stopping: Promise<void> | undefined;

  private constructor(
    readonly hosts: number,
    private readonly server: TestRedis,
  ) {
    this.redis = new Redis(server.url);
    onCleanUp(() => this.stop());
  }

  static async start(hosts: number): Promise<SimulatedFleet> {
    const fleet = new SimulatedFleet(hosts, await TestRedis.start(...inMemory()));
    await fleet.startAgents();
    for (let index = 0; index < replicas; index++) await fleet.startReplica();
    return fleet;
  }

  /** The replica that is asked. */
  get api(): Program {
    const [first] = this.replicas;
    if (!first) throw new Error('there is no replica');
    return first;
  }

  /** Asks until it is accepted, as callers do. @returns its deployment's id, and how long that took */
  async notify(path: string): Promise<{ id: string; answeredMs: number }> {
    const begun = performance.now();
    const accepted = await until('a notify that is accepted', startsWithinMs, () =>
      this.ask('POST', `/notify/${path}`),
    );
    return { id: (accepted as { id: string }).id, answeredMs: performance.now() - begun };
  }

  /** How long a deployment took from its request to its end, by its record. @throws Error where it did not succeed */
  async durationMs(id: string, pollMs = 50): Promise<number> {
    const look = async (): Promise<Deployment | undefined> => {
      const deployment = (await this.ask('GET', `/deployments/${id}`)) as Deployment;
      return isFinished(deployment) ? deployment : undefined;
    };
    const { queuedAt, finishedAt, ...ended } = await until(`the end of ${id}`, endsWithinMs, look, pollMs);
    if (ended.status !== 'succeeded') throw new Error(`a deployment ended otherwise: ${JSON.stringify(ended)}`);
    return Date.parse(String(finishedAt)) - Date.parse(queuedAt);
  }

  /** How many deployments there are, those that have ended too. */
  deployments(): Promise<number> {
    return this.redis.zcard(`${keyPrefix}:accepted`);
  }

  /** Waits until nothing waits and nothing is worked on. */
  async quiet(): Promise<void> {
    await until('the end of all work', endsWithinMs, async () => {
      const [waiting, running] = await Promise.all(
        ['waiting', 'running'].map((key) => this.redis.zcard(`${keyPrefix}:${key}`)),
      );
      return waiting === 0 && running === 0 ? true : undefined;
    });
  }

  stop(): Promise<void> {
    return (this.stopping ??= this.stopAll());
  }

  private async startAgents(): Promise<void> {
    for (let first = 0; first < this.hosts; first += agentsPerProcess) {
      const count = Math.min(agentsPerProcess, this.hosts - first);
      const args = [this.server.url, first, count, deploymentsKept].map(String);
      this.agents.push(fork('bench/fleet/agents.ts', args, { execArgv: ['--import', 'tsx'], stdio: 'inherit' }));
    }
    await until('the announcements of all hosts', startsWithinMs, async () =>
      (await this.redis.scard(`${keyPrefix}:hosts`)) === this.hosts ? true : undefined,
    );
  }

  private async startReplica(): Promise<void> {
    const env = {
      ROLE: 'api',
      REDIS_URL: this.server.url,
      QUEUE_SIZE: '1000000',
      DEPLOYMENTS_KEPT: String(deploymentsKept),
    };
    this.replicas.push(await Program.start([process.execPath, 'bundle/main.cjs'], '/health/ready', env));
  }

  private async stopAll(): Promise<void> {
    for (const child of this.agents) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    for (const replica of this.replicas) await replica.stop();
    this.redis.disconnect();
    await this.server.kill();
  }

  private async ask(method: string, path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.api.port}${path}`, {
      method,
      headers: { Authorization: `Bearer ${secret}` },
    });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}
