import { EngineError, EngineUnreachable } from '../../../src/docker/engine/engine-error.js';
import type { Engine } from '../../../src/docker/engine/engine.js';
import type { ContainerInspect, RestartPolicy } from '../../../src/docker/engine/engine-types.js';

/**
 * Containers in memory behind the calls of `Engine` that swap, rollback and recovery make: for decisions, and for the order
 * of calls. Names are unique, as on a real engine. A test may put a fault before any call.
 */
export class ContainerStore {
  /** Each call that changes something, as `rename a web`. */
  readonly changes: string[] = [];
  /** What the engine remembers that was sent to a container since its start. */
  signals: string[] | undefined = [];
  /** Whether it has begun to shut down: it answers, and takes no new connections. */
  isShuttingDown = false;
  swarmState: 'active' | 'inactive' = 'inactive';
  /** What the engine shows of images; of others that there are none. */
  readonly images = new Map<string, object>();
  private readonly containers: Map<string, ContainerInspect>;

  constructor(
    containers: readonly ContainerInspect[],
    /** Called before each change; may throw in place of the engine, or change containers as somebody else does. */
    private readonly before: (change: string, store: ContainerStore) => void = () => undefined,
  ) {
    this.containers = new Map(containers.map((container) => [container.Id, container]));
  }

  get engine(): Engine {
    const calls = {
      assertTakesConnections: () => {
        if (this.isShuttingDown) throw new EngineUnreachable('cannot reach the engine');
      },
      signalsSinceStart: () => this.signals,
      inspectContainer: (nameOrId: string) => this.get(nameOrId),
      listContainers: () =>
        this.all.map(({ Id, Name, Image, Config: { Labels } }) => ({
          Id,
          Names: [Name],
          Image,
          ImageID: Image,
          Labels,
        })),
      info: () => ({ Swarm: { LocalNodeState: this.swarmState } }),
      inspectImage: (reference: string) => {
        const image = this.images.get(reference);
        if (!image) throw new EngineError(`GET ${reference}`, 404, 'no such image');
        return image;
      },
      tagImage: () => undefined,
      updateRestartPolicy: (id: string, RestartPolicy: RestartPolicy) => {
        this.change(`policy ${this.shown(id)} ${RestartPolicy.Name ?? ''}`);
        this.set(id, { HostConfig: { ...this.get(id).HostConfig, RestartPolicy } });
      },
      renameContainer: (id: string, name: string) => {
        this.change(`rename ${this.shown(id)} ${name}`);
        this.get(id);
        if (this.all.some(({ Name }) => Name === `/${name}`))
          throw new EngineError(`POST rename ${name}`, 409, `the name ${name} is already in use`);
        this.set(id, { Name: `/${name}` });
      },
      startContainer: (id: string) => {
        this.change(`start ${this.shown(id)}`);
        this.setState(id, { Running: true, Status: 'running' });
      },
      stopContainer: (id: string) => {
        this.change(`stop ${this.shown(id)}`);
        this.setState(id, { Running: false, Status: 'exited' });
      },
      killContainer: (id: string) => {
        this.change(`kill ${this.shown(id)}`);
        this.setState(id, { Running: false, Status: 'exited' });
      },
      removeContainer: (id: string) => {
        this.change(`remove ${this.shown(id)}`);
        if (this.get(id).State.Running) throw new EngineError(`DELETE ${id}`, 409, 'the container is running');
        this.containers.delete(id);
      },
    };
    const answering = Object.entries(calls).map(([name, call]) => [
      name,
      (...args: unknown[]) =>
        new Promise((resolve) => {
          resolve((call as (...given: unknown[]) => unknown)(...args));
        }),
    ]);
    return Object.fromEntries(answering) as Engine;
  }

  get all(): ContainerInspect[] {
    return [...this.containers.values()];
  }

  /** Name and whether it runs, of each. */
  get shownAll(): Record<string, string> {
    return Object.fromEntries(
      this.all.map(({ Id, Name, State }) => [Name.slice(1), `${short(Id)} ${State.Running ? 'runs' : 'is stopped'}`]),
    );
  }

  get(nameOrId: string): ContainerInspect {
    const found = this.all.find(({ Id, Name }) => Id.startsWith(nameOrId) || Name === `/${nameOrId}`);
    if (!found) throw new EngineError(`GET ${nameOrId}`, 404, 'no such container');
    return found;
  }

  add(container: ContainerInspect): void {
    this.containers.set(container.Id, container);
  }

  remove(id: string): void {
    this.containers.delete(id);
  }

  set(id: string, changed: Partial<ContainerInspect>): void {
    this.containers.set(id, { ...this.get(id), ...changed });
  }

  setState(id: string, changed: Partial<ContainerInspect['State']>): void {
    this.set(id, { State: { ...this.get(id).State, ...changed } });
  }

  private change(change: string): void {
    this.before(change, this);
    this.changes.push(change);
  }

  private shown(id: string): string {
    return short(this.get(id).Id);
  }
}

/** Ids of tests are one letter, repeated. */
function short(id: string): string {
  return id.slice(0, 1);
}

export const lost = (): never => {
  throw new EngineUnreachable('the answer was lost');
};
