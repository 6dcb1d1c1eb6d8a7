import type Docker from 'dockerode';
import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { uniqueImage, uniqueName, docker as theDocker, type EngineUnderTest } from './environment.js';
import { EngineProxy, type EngineCall, type Fate } from './engine-proxy.js';
import { publish, type AppImage } from './images.js';
import { pullImage } from './pull-image.js';
import { Service } from './service.js';
import { until } from './until.js';

/** How the new image of an update is, in which order it is taken, and what becomes of it. */
export const scenarios = ['update', 'rollback', 'start-first'] as const;
export type Scenario = (typeof scenarios)[number];

const newImages: Record<Scenario, AppImage> = {
  update: { version: 'v2' },
  rollback: { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 1'] },
  'start-first': { version: 'v2' },
};

/** How long the service waits for most of the engine's answers here: a tenth of what it does otherwise would do, too. */
const engineTimeout = '2s';

/** A container to be updated again and again from the same two images, behind a proxy that can make faults. */
export class FaultRig {
  private readonly docker: Docker;

  private constructor(
    readonly engine: EngineUnderTest,
    readonly scenario: Scenario,
    readonly proxy: EngineProxy,
    readonly service: Service,
    readonly name: string,
    private readonly image: string,
    private readonly network: string,
    private readonly oldImageId: string,
  ) {
    this.docker = engine.docker;
  }

  static async start(engine: EngineUnderTest, scenario: Scenario): Promise<FaultRig> {
    const proxy = await EngineProxy.start(engine.dockerHost);
    const service = await Service.start({
      DOCKER_HOST: proxy.dockerHost,
      SETTLE_TIME: '50ms',
      ENGINE_TIMEOUT: engineTimeout,
    });
    await service.ready();
    const image = uniqueImage(scenario);
    // The registries take pushes of the first engine.
    await publish(theDocker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    const { Id } = await engine.docker.getImage(image).inspect();
    await publish(theDocker, image, newImages[scenario]);
    const network = uniqueName('net');
    await engine.docker.createNetwork({ Name: network });
    return new FaultRig(engine, scenario, proxy, service, uniqueName(scenario), image, network, Id);
  }

  async stop(): Promise<void> {
    await this.service.kill();
    this.proxy.stop();
    await this.removeContainers();
    await this.docker
      .getNetwork(this.network)
      .remove()
      .catch(() => undefined);
  }

  /** Puts the container in place as it was before the update; answers its id. */
  async setUp(): Promise<string> {
    this.proxy.reset();
    await this.removeContainers();
    await this.docker
      .getImage(this.oldImageId)
      .tag({ repo: this.image.slice(0, this.image.lastIndexOf(':')), tag: 'latest' });
    const container = await this.docker.createContainer({
      name: this.name,
      Image: this.image,
      Env: ['SET_BY=user'],
      Labels:
        this.scenario === 'start-first'
          ? { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '100ms' }
          : {},
      HostConfig: { RestartPolicy: { Name: 'always' }, NetworkMode: this.network },
      NetworkingConfig: { EndpointsConfig: { [this.network]: { Aliases: ['alias'] } } },
    });
    await container.start();
    return container.id;
  }

  /** The calls of one update that nothing disturbs, and how long it took: the fault points are before and after each of them. */
  async record(): Promise<{ calls: EngineCall[]; durationMs: number }> {
    await this.setUp();
    const began = performance.now();
    await this.service.update(this.name);
    return { calls: [...this.proxy.calls], durationMs: performance.now() - began };
  }

  /** Kills the service at the fault point, starts it again and waits until it is ready for work. */
  async killAt(index: number, when: 'before' | 'after'): Promise<void> {
    const seen = { isReached: false, isOver: false };
    this.proxy.hooks = {
      [when]: async (call: EngineCall): Promise<Fate> => {
        if (call.index !== index) return 'forward';
        seen.isReached = true;
        await this.service.kill();
        return 'drop';
      },
    };
    const { id } = (await (await this.service.notify(this.name)).json()) as { id: string };
    // Calls that are made at once may be one fewer than they were: then there is nothing to kill any more.
    await until(`the call ${index}`, 30_000, async () => {
      if (seen.isReached) return true;
      const { status } = await this.service.deployment(id).catch(() => ({ status: 'running' }));
      seen.isOver = !['queued', 'running'].includes(status);
      return seen.isOver || undefined;
    });
    this.proxy.reset();
    if (seen.isOver && !seen.isReached) return;
    await this.startAgain();
  }

  /** Kills the service at some instant of the update. */
  async killAtRandom(durationMs: number): Promise<void> {
    await this.service.notify(this.name);
    await setTimeout(randomInt(Math.ceil(durationMs)));
    await this.service.kill();
    await this.startAgain();
  }

  async startAgain(): Promise<void> {
    await this.service.restart();
    await this.service.ready(60_000);
  }

  /** Notifies, with a fault made once at this call. Waits for the end of the deployment. */
  async failAt(index: number, fate: Fate, when: 'before' | 'after'): ReturnType<Service['update']> {
    this.proxy.hooks = { [when]: (call: EngineCall) => (call.index === index ? fate : 'forward') };
    const deployment = await this.service.update(this.name, 90_000);
    this.proxy.hooks = {};
    return deployment;
  }

  /** Ends the engine right after a call of the update, and starts it again. */
  async haltEngineAfter(path: RegExp, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    let halted: Promise<void> | undefined;
    this.proxy.hooks = {
      after: async (call): Promise<Fate> => {
        if (halted !== undefined || !path.test(call.path)) return 'forward';
        halted = this.engine.private?.restart(signal);
        await halted;
        return 'drop';
      },
    };
    await this.service.update(this.name, 120_000);
    if (halted === undefined) throw new Error(`no call matched ${String(path)}`);
    this.proxy.hooks = {};
    await this.service.ready(60_000);
  }

  /** What an operator sees in the end. */
  async outcome(): Promise<{ names: string[]; container: Docker.ContainerInspectInfo; aliases: string[] }> {
    const found = await this.docker.listContainers({ all: true, filters: { name: [this.name] } });
    const container = await this.docker.getContainer(this.name).inspect();
    const aliases = (container.NetworkSettings.Networks[this.network]?.Aliases ?? []) as string[];
    return { names: found.flatMap(({ Names }) => Names), container, aliases };
  }

  private async removeContainers(): Promise<void> {
    const found = await this.docker.listContainers({ all: true, filters: { name: [this.name] } });
    await Promise.all(found.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })));
  }
}
