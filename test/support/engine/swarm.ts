import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type Docker from 'dockerode';
import type { ServiceInspect, ServiceSpec, Task } from '../../../src/docker/engine/swarm-types.js';
import {
  absentEngine,
  describeOnEachEngine,
  docker,
  engines,
  uniqueImage,
  uniqueName,
  type EngineUnderTest,
} from '../runner/environment.js';
import { publish } from '../fixtures/images.js';
import { pullImage } from './pull-image.js';
import type { Account } from '../registry/registry.js';
import { until } from '../runner/until.js';

const local = '127.0.0.1';
const nsPerMs = 1_000_000;

export interface AppService {
  name: string;
  /** What it follows. */
  image: string;
  /** As it was before the update, to compare with. */
  before: ServiceInspect;
}

/** How long Swarm watches a new task; its own default is 5 s. */
export const monitorMs = 3000;

/** An engine as the one manager of a Swarm of its own: never one that others use too. */
export class Swarm {
  private readonly services: string[] = [];

  private constructor(private readonly engine: EngineUnderTest) {}

  static async init(engine: EngineUnderTest, address = local): Promise<Swarm> {
    await engine.docker.swarmInit({ ListenAddr: address, AdvertiseAddr: address });
    return new Swarm(engine);
  }

  /** Has another engine, at an address of its own, work for this one. */
  async addWorker(worker: EngineUnderTest, address: string): Promise<void> {
    const { JoinTokens } = (await this.engine.docker.swarmInspect()) as { JoinTokens: { Worker: string } };
    const { Swarm } = (await this.engine.docker.info()) as { Swarm: { NodeAddr: string } };
    await worker.docker.swarmJoin({
      ListenAddr: address,
      AdvertiseAddr: address,
      RemoteAddrs: [`${Swarm.NodeAddr}:2377`],
      JoinToken: JoinTokens.Worker,
    });
  }

  async leave(): Promise<void> {
    for (const name of this.services) await this.remove(name);
    await this.engine.docker.swarmLeave({ force: true });
  }

  /**
   * Runs a service from the digest that the registry serves, as `docker service create` does, and waits until it is there.
   * @param account of the registry: the image is pulled with it before, and the service itself gets no credentials
   */
  async run(
    image: string,
    { Mode, TaskTemplate, ...spec }: Partial<ServiceSpec> = {},
    account?: Account,
  ): Promise<AppService> {
    const name = spec.Name ?? uniqueName('service');
    if (account) await pullImage(this.engine.docker, image, account);
    const ContainerSpec = { ...TaskTemplate?.ContainerSpec, Image: await this.pinned(image, account) };
    const body = {
      UpdateConfig: { Parallelism: 1, Monitor: monitorMs * nsPerMs, FailureAction: 'pause' },
      RollbackConfig: { Parallelism: 1, Monitor: monitorMs * nsPerMs, FailureAction: 'pause' },
      ...spec,
      Name: name,
      Mode: Mode ?? { Replicated: { Replicas: 1 } },
      TaskTemplate: { ...TaskTemplate, ContainerSpec },
    };
    // Kept apart, or dockerode would put all of it into the URL.
    const request = { _query: {}, _body: body } as unknown as Docker.CreateServiceOptions;
    await this.engine.docker.createService(request);
    this.services.push(name);
    const replicas = body.Mode.Replicated ? (body.Mode.Replicated.Replicas ?? 1) : 1;
    await until(`the tasks of ${name}`, 60_000, async () => {
      const running = await this.running(name);
      return running.length >= replicas || undefined;
    });
    return { name, image, before: await this.inspect(name) };
  }

  /** Runs a service from a new image of which `v1` is published. */
  async runApp(what: string, spec?: Partial<ServiceSpec>): Promise<AppService> {
    const image = uniqueImage(what);
    await publish(docker, image, { version: 'v1' });
    return this.run(image, spec);
  }

  async remove(name: string): Promise<void> {
    await this.engine.docker.getService(name).remove();
    await until(`the end of the tasks of ${name}`, 60_000, async () => {
      const left = await this.engine.docker.listContainers({
        all: true,
        filters: { label: [`com.docker.swarm.service.name=${name}`] },
      });
      return left.length === 0 || undefined;
    });
    this.services.splice(this.services.indexOf(name), this.services.includes(name) ? 1 : 0);
  }

  async inspect(name: string): Promise<ServiceInspect> {
    return (await this.engine.docker.getService(name).inspect()) as ServiceInspect;
  }

  /** Changes the specification by hand, as `docker service update` does. */
  async change(name: string, change: (spec: ServiceSpec) => ServiceSpec): Promise<void> {
    const { Version, Spec } = await this.inspect(name);
    const request = { _query: { version: Version.Index }, _body: change(Spec) };
    await this.engine.docker.getService(name).update(request);
  }

  async tasks(name: string): Promise<Task[]> {
    return (await this.engine.docker.listTasks({ filters: { service: [name] } })) as Task[];
  }

  async running(name: string): Promise<Task[]> {
    return (await this.tasks(name)).filter(
      ({ Status, DesiredState }) => Status.State === 'running' && DesiredState === 'running',
    );
  }

  /** The name of the container of one of its tasks. */
  async taskContainer(name: string): Promise<string> {
    const [task] = await this.running(name);
    const id = task?.Status.ContainerStatus?.ContainerID ?? '';
    return (await this.engine.docker.getContainer(id).inspect()).Name.slice(1);
  }

  /** Of the manager. */
  async setAvailability(Availability: 'active' | 'drain'): Promise<void> {
    const nodes = (await this.engine.docker.listNodes()) as {
      ID: string;
      Version: { Index: number };
      Spec: { Role: string };
    }[];
    const node = nodes.find(({ Spec }) => Spec.Role === 'manager');
    if (!node) throw new Error('the Swarm has no manager');
    const request = { _query: { version: node.Version.Index }, _body: { ...node.Spec, Availability } };
    await this.engine.docker.getNode(node.ID).update(request);
  }

  private async pinned(image: string, account?: Account): Promise<string> {
    const { Descriptor } = (await this.engine.docker
      .getImage(image)
      .distribution({ authconfig: { ...account, serveraddress: '' } })) as { Descriptor: { digest: string } };
    return `${image}@${Descriptor.digest}`;
  }
}

interface OnSwarm {
  engine: EngineUnderTest;
  /** Skips, and counts, where the engine is one that others use: it becomes a Swarm for a while. */
  itHere: typeof it | typeof it.skip;
  swarm: () => Swarm;
}

/** Tests of a Swarm, on the oldest and on the newest engine. */
export function describeOnEachSwarm(what: string, tests: (on: OnSwarm) => void): void {
  describeOnEachEngine(what, (engine) => {
    testsOn(engine, tests);
  });
}

/** The same on the engine that all tests use. */
export function describeOnSwarm(what: string, tests: (on: OnSwarm) => void): void {
  const [engine] = engines;
  (engine ? describe : describe.skip)(what, () => {
    testsOn(engine ?? absentEngine('an engine'), tests);
  });
}

function testsOn(engine: EngineUnderTest, tests: (on: OnSwarm) => void): void {
  let swarm: Swarm | undefined;

  beforeAll(async () => {
    if (engine.private) swarm = await Swarm.init(engine);
  }, 60_000);
  afterAll(() => swarm?.leave(), 120_000);

  tests({
    engine,
    itHere: engine.private ? it : it.skip,
    swarm: () => {
      if (!swarm) throw new Error('there is no Swarm');
      return swarm;
    },
  });
}
