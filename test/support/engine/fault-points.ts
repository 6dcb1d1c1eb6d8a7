import type Docker from 'dockerode';
import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { uniqueImage, uniqueName, docker as theDocker, type EngineUnderTest } from '../runner/environment.js';
import { EngineProxy, type EngineCall, type Fate } from './engine-proxy.js';
import { publish, type AppImage } from '../fixtures/images.js';
import { pullImage } from './pull-image.js';
import { retag } from '../registry/registry-http.js';
import { Service } from '../service/service.js';
import { until } from '../runner/until.js';

/** How the new image of an update is, in which order it is taken, who depends on the container, and so what becomes of it. */
export const scenarios = [
  'update',
  'rollback',
  'start-first',
  'update with a dependent',
  'rollback with a dependent',
] as const;
export type Scenario = (typeof scenarios)[number];

/** An update that nothing disturbed. */
export interface Recorded {
  calls: EngineCall[];
  durationMs: number;
}

const first: AppImage = { version: 'v1' };
const good: AppImage = { version: 'v2' };
const bad: AppImage = { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 1'] };

/** How long the service waits for most of the engine's answers: shorter where each of them is lost in turn. */
const engineTimeout = { usual: '10s', whereNoneComes: '3s' };
/** For a pull that the engine never answers. */
const pullIdleTimeout = '10s';
const limitMs = 90_000;

/**
 * A container that is updated again and again, behind a proxy that can make faults. It stays the same one from
 * disturbance to disturbance, and is put in place anew only after one that left it out of order.
 */
export class FaultRig {
  private readonly docker: Docker;
  private readonly image: string;
  readonly name: string;
  private readonly network = uniqueName('net');
  /** The ids of the images, and the digests under which the registry has them. */
  private images: { id: string; digest: string }[] = [];

  private constructor(
    readonly engine: EngineUnderTest,
    readonly scenario: Scenario,
    readonly proxy: EngineProxy,
    readonly service: Service,
  ) {
    this.docker = engine.docker;
    const what = scenario.replaceAll(' ', '-');
    this.image = uniqueImage(what);
    this.name = uniqueName(what);
  }

  static async start(engine: EngineUnderTest, scenario: Scenario): Promise<FaultRig> {
    const proxy = await EngineProxy.start(engine.dockerHost);
    const service = await Service.start({
      DOCKER_HOST: proxy.dockerHost,
      // Where the new image exits at once, a busy engine must not be slower to notice it than the service is to be content.
      SETTLE_TIME: scenario.startsWith('rollback') ? '2s' : '50ms',
      ENGINE_TIMEOUT: engineTimeout.usual,
      PULL_IDLE_TIMEOUT: pullIdleTimeout,
    });
    const rig = new FaultRig(engine, scenario, proxy, service);
    try {
      await rig.publishImages();
      await rig.docker.createNetwork({ Name: rig.network });
      await service.ready();
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
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

  get isRollback(): boolean {
    return this.scenario.startsWith('rollback');
  }

  private get hasDependent(): boolean {
    return this.scenario.endsWith('dependent');
  }

  private get dependentName(): string {
    return `${this.name}-dependent`;
  }

  private async publishImages(): Promise<void> {
    for (const app of [first, this.isRollback ? bad : good]) {
      // The registries take pushes of the first engine.
      await publish(theDocker, this.image, app);
      await pullImage(this.docker, this.image);
      const { Id, RepoDigests } = await this.docker.getImage(this.image).inspect();
      const digest = RepoDigests.find((reference) => reference.startsWith(this.image.replace(/:latest$/, '@')));
      this.images.push({ id: Id, digest: digest?.split('@')[1] ?? '' });
    }
  }

  /**
   * Puts everything in place for one more update: the container, if the last one left it out of order, and in the
   * registry the image that it does not run. Answers the id of the container.
   */
  async setUp(): Promise<string> {
    this.proxy.reset();
    if (!this.service.isAlive) await this.startAgain();
    // What was rolled back once is to be tried again.
    await this.docker
      .getImage(`trigger-docker-pull/${this.name}:rejected`)
      .remove({ noprune: true })
      .catch(() => undefined);
    const target =
      (await this.disorder()).length === 0 ? await this.docker.getContainer(this.name).inspect() : await this.create();
    const present = this.images.find(({ id }) => id === target.Image) ?? this.images[0];
    const next = this.images.find((image) => image !== present);
    await this.tag(present?.id ?? '');
    await retag(this.image, next?.digest ?? '');
    return target.Id;
  }

  private async create(): Promise<Docker.ContainerInspectInfo> {
    await this.removeContainers();
    await this.tag(this.images[0]?.id ?? '');
    const common = { Image: this.image, Env: ['SET_BY=user'] };
    const container = await this.docker.createContainer({
      ...common,
      name: this.name,
      Labels:
        this.scenario === 'start-first'
          ? { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '100ms' }
          : {},
      HostConfig: { RestartPolicy: { Name: 'always' }, NetworkMode: this.network },
      NetworkingConfig: { EndpointsConfig: { [this.network]: { Aliases: ['alias'] } } },
    });
    await container.start();
    if (this.hasDependent) {
      const dependent = await this.docker.createContainer({
        ...common,
        name: this.dependentName,
        Cmd: ['/bin/busybox', 'sleep', '100000'],
        HostConfig: { RestartPolicy: { Name: 'always' }, NetworkMode: `container:${container.id}` },
      });
      await dependent.start();
    }
    return container.inspect();
  }

  private async tag(imageId: string): Promise<void> {
    await this.docker.getImage(imageId).tag({ repo: this.image.replace(/:latest$/, ''), tag: 'latest' });
  }

  /** The calls of one update that nothing disturbs, and how long it took: the fault points are before and after each of them. */
  async record(): Promise<Recorded> {
    // The first one is like no other: there is no image before yet.
    for (let time = 0; time < 2; time++) {
      await this.setUp();
      await this.service.update(this.name, limitMs);
    }
    await this.setUp();
    const began = performance.now();
    await this.service.update(this.name, limitMs);
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
    await until(`the call ${index}`, limitMs, async () => {
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

  private async startAgain(): Promise<void> {
    await this.service.kill();
    await this.service.restart();
    await this.service.ready(limitMs);
  }

  /** Notifies, with a fault made once at this call, and waits for the end of the deployment; answers how that failed, if it did. */
  async failAt(index: number, fate: Fate, when: 'before' | 'after'): Promise<string> {
    await this.service.useSettings({
      ENGINE_TIMEOUT: fate === 'hang' ? engineTimeout.whereNoneComes : engineTimeout.usual,
    });
    await this.service.ready(limitMs);
    this.proxy.hooks = { [when]: (call: EngineCall) => (call.index === index ? fate : 'forward') };
    const { status, error, stages } = await this.service.update(this.name, limitMs);
    this.proxy.hooks = {};
    // What is left is put right before the next update of the container.
    const isNotDone = error?.code === 'rollback_failed' || stages.at(-1)?.stage === 'commit';
    const next = isNotDone ? await this.service.update(this.name, limitMs) : undefined;
    return [status, error?.message, next && `then ${next.status}`, next?.error?.message].filter(Boolean).join(', ');
  }

  /** Notifies, with the container that has the name by then killed, or removed, before this call. */
  async loseReplacementAt(index: number, what: 'dies' | 'is removed'): Promise<string> {
    let lost: Promise<unknown> | undefined;
    this.proxy.hooks = {
      before: async (call: EngineCall): Promise<Fate> => {
        if (call.index !== index) return 'forward';
        const replacement = this.docker.getContainer(this.name);
        lost = what === 'dies' ? replacement.kill() : replacement.remove({ force: true });
        await lost;
        return 'forward';
      },
    };
    const { status, error } = await this.service.update(this.name, limitMs);
    if (lost === undefined) throw new Error(`there was no call ${index}`);
    this.proxy.hooks = {};
    return [status, error?.message].filter(Boolean).join(', ');
  }

  /**
   * Notifies, with a container of somebody else's created under the name before this call if it is free then. A container of ours must run
   * all the same; once theirs is gone, the next start of the service has everything in order.
   */
  async takeNameAt(index: number): Promise<string> {
    const intruder = { id: '' };
    this.proxy.hooks = {
      before: async (call: EngineCall): Promise<Fate> => {
        if (call.index !== index) return 'forward';
        const created = await this.docker
          .createContainer({ name: this.name, Image: this.images[0]?.id })
          .catch(() => undefined);
        intruder.id = created?.id ?? '';
        return 'forward';
      },
    };
    const { status, error } = await this.service.update(this.name, limitMs);
    this.proxy.hooks = {};
    const said = [status, error?.message].filter(Boolean).join(', ');
    if (!intruder.id) return said;
    const ours = (await this.containers()).filter(({ Id, State }) => Id !== intruder.id && State === 'running');
    if (ours.length !== 1) throw new Error(`${ours.length} containers of ours run beside theirs (${said})`);
    await this.docker.getContainer(intruder.id).remove({ force: true });
    await this.startAgain();
    return said;
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
    await this.service.update(this.name, 2 * limitMs);
    if (halted === undefined) throw new Error(`no call matched ${String(path)}`);
    this.proxy.hooks = {};
    await this.service.ready(limitMs);
  }

  /**
   * What is not as it has to be, whatever was done: each container is there once, has its name, runs, is as its user set
   * it, and nothing else is left.
   * @param oldId after an update that cannot succeed it must also be the old one
   */
  async disorder(oldId?: string): Promise<string[]> {
    const found = await this.containers();
    const names = found.flatMap(({ Names }) => Names).sort();
    const expected = [`/${this.name}`, ...(this.hasDependent ? [`/${this.dependentName}`] : [])];
    if (names.join() !== expected.join()) return [`there is ${names.join(', ') || 'nothing'}`];
    const [target, dependent] = await Promise.all(
      [this.name, this.dependentName].slice(0, expected.length).map((name) => this.docker.getContainer(name).inspect()),
    );
    if (!target) return ['there is nothing'];
    const aliases = (target.NetworkSettings.Networks[this.network]?.Aliases ?? []) as string[];
    return [
      ...[target, ...(dependent ? [dependent] : [])].flatMap(asItsUserSetIt),
      ...(aliases.includes('alias') ? [] : [`the alias is gone, there is ${aliases.join(', ')}`]),
      ...(this.isRollback && oldId !== undefined && target.Id !== oldId ? ['the old container is gone'] : []),
      ...(dependent && !isConnected(dependent, target) ? ['the dependent is not in the network of the target'] : []),
    ];
  }

  private containers(): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ all: true, filters: { name: [this.name] } });
  }

  private async removeContainers(): Promise<void> {
    const found = await this.containers();
    await Promise.all(found.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })));
  }
}

function asItsUserSetIt({ Name, State, HostConfig, Config }: Docker.ContainerInspectInfo): string[] {
  return [
    ...(State.Running && !State.Restarting ? [] : [`${Name} is ${State.Status}`]),
    ...(HostConfig.RestartPolicy?.Name === 'always'
      ? []
      : [`${Name} has the policy ${HostConfig.RestartPolicy?.Name}`]),
    ...(Config.Env.includes('SET_BY=user') ? [] : [`${Name} has lost its environment`]),
  ];
}

/** One that was started before the target holds on to a network that is no more. */
function isConnected(dependent: Docker.ContainerInspectInfo, target: Docker.ContainerInspectInfo): boolean {
  return (
    dependent.HostConfig.NetworkMode === `container:${target.Id}` && dependent.State.StartedAt > target.State.StartedAt
  );
}
