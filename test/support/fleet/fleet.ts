import { Redis } from 'ioredis';
import type { Deployment } from '../../../src/deployments/deployment.js';
import type { Accepted } from '../../../src/notify/accepting.service.js';
import { queueName } from '../../../src/queue/fleet/host-deliveries.js';
import { keyPrefix } from '../../../src/redis/redis-connections.js';
import { announced } from './announced.js';
import { startApp, versionAt, type App } from '../fixtures/apps.js';
import { ContainerWatch } from '../engine/container-watch.js';
import {
  docker,
  engines,
  inNamespaces,
  testEnvironment,
  uniqueName,
  type EngineUnderTest,
} from '../runner/environment.js';
import { publish, type AppImage } from '../fixtures/images.js';
import type { Cable } from '../runner/namespaces.js';
import { PrivateEngine } from '../engine/private-engine.js';
import { freePort } from '../registry/registry.js';
import { RegistryProcess } from '../registry/registry-process.js';
import { TestRedis } from '../service/redis.js';
import { Service } from '../service/service.js';
import { until } from '../runner/until.js';

const [redisAddress, awayAddress] = ['10.217.44.1', '10.217.44.2'] as const;
const stageWithinMs = 60_000;

/** A host of the fleet: its engine, the agent that works for it, and what the engine says of its containers. */
export interface Host {
  name: string;
  engine: EngineUnderTest;
  agent: Service;
  watch: ContainerWatch;
}

/** The same container on every host, and the image that all of them follow. */
export interface FleetApp {
  name: string;
  image: string;
  /** One on each host, in their order. */
  apps: App[];
}

/**
 * Three hosts with an engine and an agent each, two replicas of the API, and a Redis that keeps what it was told. The third host is in a
 * network of its own, from which a cable leads to Redis and to nothing else.
 */
export class Fleet {
  private readonly client: Redis;

  private constructor(
    readonly redis: TestRedis,
    readonly cable: Cable,
    /** In the order in which they are worked on. */
    readonly hosts: readonly [Host, Host, Host],
    readonly replicas: readonly [Service, Service],
    private readonly registry: { host: string; process: RegistryProcess },
  ) {
    this.client = new Redis(redis.url, { maxRetriesPerRequest: null });
    this.client.on('error', () => undefined);
  }

  /** @throws Unavailable where the engines cannot be had */
  static async start(): Promise<Fleet> {
    const all = [...engines, await thirdEngine()] as [EngineUnderTest, EngineUnderTest, EngineUnderTest];
    const registry = await registryFor(all);
    const away = all[2].private?.namespaces;
    if (!away) throw new Error('the third engine is not in a network of its own');
    const cable = await away.connect(`${redisAddress}/30`, `${awayAddress}/30`);
    const redis = await TestRedis.start('--bind', '127.0.0.1', redisAddress, '--protected-mode', 'no');
    const common = { DEPLOYMENTS_KEPT: '100000', LOG_LEVEL: 'info' };
    const host = async (letter: string, engine: EngineUnderTest, isAway = false): Promise<Host> => {
      const name = uniqueName(letter);
      const settings = {
        ...{ ...common, ROLE: 'agent', HOST_NAME: name, SETTLE_TIME: '2s' },
        ...{ DOCKER_HOST: engine.dockerHost, REDIS_URL: isAway ? redis.urlAt(redisAddress) : redis.url },
      };
      const agent = await Service.start(settings, isAway ? away : undefined);
      return { name, engine, agent, watch: await ContainerWatch.begin(engine) };
    };
    const replica = (): Promise<Service> =>
      Service.start({ ...common, ROLE: 'api', REDIS_URL: redis.url, DOCKER_HOST: 'unix:///nowhere.sock' });
    const hosts = [await host('a', all[0]), await host('b', all[1]), await host('c', all[2], true)] as const;
    const replicas = [await replica(), await replica()] as const;
    for (const each of replicas) await each.ready();
    return new Fleet(redis, cable, hosts, replicas, registry);
  }

  /** Whatever a test has killed or cut, and left so, is there again. */
  async repair(): Promise<void> {
    await this.cable.mend();
    this.redis.thaw();
    if (!this.redis.isAlive) await this.redis.launch();
    for (const service of [...this.hosts.map(({ agent }) => agent), ...this.replicas])
      if (!service.isAlive) await service.restart();
    for (const each of this.replicas) await each.ready();
  }

  async end(): Promise<void> {
    for (const { agent, watch } of this.hosts) {
      watch.end();
      await agent.kill();
    }
    for (const each of this.replicas) await each.kill();
    this.client.disconnect();
    await this.redis.kill();
    await this.hosts[2].engine.private?.halt();
    await this.registry.process.kill();
  }

  /** A reference that all engines can pull. */
  image(what: string): string {
    return `${this.registry.host}/${uniqueName(what)}:latest`;
  }

  /** Publishes v1, and runs it under one name on every host. */
  async run(what: string, image = this.image(what)): Promise<FleetApp> {
    await publish(docker, image, { version: 'v1' });
    return this.runPublished(what, image);
  }

  async runPublished(what: string, image: string): Promise<FleetApp> {
    const name = uniqueName(what);
    const apps: App[] = [];
    for (const { engine } of this.hosts) apps.push(await startApp(image, { name }, undefined, engine));
    for (const host of this.hosts) await this.announced(host, name);
    return { name, image, apps };
  }

  /** Runs v1 everywhere, and publishes what is to come after it. */
  async updatable(what: string, next: AppImage = { version: 'v2' }): Promise<FleetApp> {
    const app = await this.run(what);
    await publish(docker, app.image, next);
    return app;
  }

  /** Waits until a host has said that it has a container of that name, or has it no longer. */
  async announced({ name: host }: Host, name: string, isThere = true): Promise<void> {
    await announced(this.client, host, name, isThere);
  }

  /** Whether the agent of a host is known to be at work, on a deployment or on any. */
  async isAtWork({ name }: Host, deploymentId = '*'): Promise<boolean> {
    return (await this.client.keys(`${keyPrefix}:${queueName(name)}:${deploymentId}:lock`)).length > 0;
  }

  /** What is answered on each host. */
  async versions({ apps }: FleetApp): Promise<string[]> {
    const versions: string[] = [];
    for (const [index, { engine }] of this.hosts.entries())
      versions.push(await versionAt(apps[index]?.port ?? 0, engine));
    return versions;
  }

  /** The containers that have something of the name, in whatever state, on each host. */
  async containers({ name }: FleetApp): Promise<string[][]> {
    const found: string[][] = [];
    for (const { engine } of this.hosts) {
      const all = await engine.docker.listContainers({ all: true, filters: { name: [name] } });
      found.push(all.map(({ Names, State }) => `${Names.join().slice(1)} ${State}`));
    }
    return found;
  }

  /** How many containers have ever been made for the name, on each host. */
  made({ name }: FleetApp): number[] {
    return this.hosts.map(({ watch }) => watch.madeFor(name));
  }

  /** Asks a replica, and answers the id of the deployment. @param path such as `web?host=one` */
  async notify(path: string, replica = this.replicas[0]): Promise<string> {
    const response = await replica.fetch(`/notify/${path}`, { method: 'POST' });
    if (response.status !== 202) throw new Error(`it was answered ${response.status}: ${await response.text()}`);
    return ((await response.json()) as Accepted).id;
  }

  /** Waits until a host's part of a deployment has come to a stage; answers it. */
  part(id: string, index: number, stage: string, replica = this.replicas[0]): Promise<Deployment> {
    return until(`the stage ${stage} of host ${index}`, stageWithinMs, async () => {
      const part = (await replica.deployment(id)).hosts?.[index]?.deploymentId;
      const deployment = await replica.deployment(String(part));
      return deployment.stages.at(-1)?.stage === stage ? deployment : undefined;
    });
  }
}

async function thirdEngine(): Promise<EngineUnderTest> {
  const engine = await PrivateEngine.startNewest(testEnvironment().folder, 'third-engine');
  return inNamespaces(engine, (await engine.docker.version()).Version);
}

/** One that every engine finds at the same address. */
async function registryFor(all: EngineUnderTest[]): Promise<{ host: string; process: RegistryProcess }> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const process = new RegistryProcess({ name: 'fleet-registry', folder: testEnvironment().folder, port });
  await process.start();
  for (const engine of all) {
    if (engine.private?.namespaces) process.startIn(engine.private.namespaces);
    await until('the registry of the fleet', 20_000, () => engine.fetchText(`http://${host}/`));
  }
  return { host, process };
}
