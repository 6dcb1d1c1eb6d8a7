import { Injectable } from '@nestjs/common';
import { linkedNames } from '../inspect/dependencies.js';
import { EngineError, EngineTimeout } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, HostConfig } from '../engine/engine-types.js';
import { find, findImage, unlessMissing } from '../engine/find.js';
import { Inspection } from '../inspect/inspection.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { UpdateError } from '../update/outcome.js';
import { recreate, whyNotStartable, type StartFacts } from './startable.js';
import { successorOf } from '../inspect/successor.js';
import { nameOf } from '../engine/container.js';
import {
  namespaceModes,
  ownerOf,
  withOwners,
  type NamespaceMode,
  hasNoEndpoints,
  networkOf,
} from '../engine/namespaces.js';
import type { Subject, Subjects } from '../update/subject.js';

/**
 * Sees to it that whatever an update stops can be started again: refuses what cannot, and finds the new owners of namespaces whose
 * owner is gone. It only asks the engine, so that a dry run can do the same.
 */
@Injectable()
export class Startability {
  constructor(
    private readonly engine: Engine,
    private readonly inspection: Inspection,
  ) {}

  /**
   * @param starts whether the target is started even if it did not run
   * @returns the subjects, those that shared a namespace of a dead container joined to its successor
   * @throws UpdateError `refused` with the stage `prepare`: nothing was touched
   */
  async assure([target, ...dependents]: Subjects, starts = false): Promise<Subjects> {
    const started: string[] = [];
    const assured: Subject[] = [];
    for (const subject of [target, ...dependents]) {
      const willStart = subject.old.State.Running || (starts && subject === target);
      const joined = await this.rejoined(subject, willStart);
      const reason = whyNotStartable(joined.old, await this.facts(joined.old, started));
      if (willStart && reason !== undefined) throw refused(subject.old, reason);
      // One that is only started now could not come back for its dependents.
      if (subject.old.State.Running) started.push(subject.old.Id);
      if (joined.dead && joined.old.State.Running && subject !== target)
        throw refused(subject.old, `it lives in the namespaces of a container that is gone; ${recreate}`);
      assured.push({ ...joined, cannotStart: reason });
    }
    return assured as [Subject, ...Subject[]];
  }

  /** The same of a container that is to be started as it is. @throws UpdateError `refused` with the stage `prepare` */
  async assureItself({ old }: Subject): Promise<void> {
    const reason = await this.whyNotItself(old);
    if (reason !== undefined) throw refused(old, reason);
  }

  /** Why a container could not be started as it is, with what to do. */
  async whyNotItself(container: ContainerInspect): Promise<string | undefined> {
    return whyNotStartable(container, await this.facts(container, []));
  }

  /**
   * Joined to the successors of owners that are gone. One that stays stopped may keep a dead owner of its network: its update takes
   * nothing down. Of other namespaces the engine creates no container without their owner (moby, generateSecurityOpt).
   * @throws UpdateError if a successor is not certain
   */
  private async rejoined(subject: Subject, willStart: boolean): Promise<Subject> {
    const { old } = subject;
    const successors: Partial<Record<NamespaceMode, ContainerInspect>> = {};
    for (const mode of namespaceModes) {
      const id = ownerOf(old, mode);
      if (id === undefined || (await find(this.engine, id))) continue;
      const gone = await this.removed(id);
      const all = await this.inspection.all();
      const successor = successorOf(
        await this.byUser(old),
        gone,
        await Promise.all(all.map((one) => this.byUser(one))),
      );
      if (!successor && !willStart && mode === 'NetworkMode') continue;
      if (!successor)
        throw refused(
          old,
          `the container ${id.slice(0, 12)}, whose namespace it shares, is gone, and which one took its place is not certain; ${recreate}`,
        );
      successors[mode] = successor;
    }
    const dead = Object.keys(successors) as NamespaceMode[];
    return dead.length === 0 ? subject : { ...subject, old: withOwners(old, successors), dead };
  }

  /** The container without its image's labels: by them any image could claim to be of a Compose service, and be joined. */
  private async byUser(container: ContainerInspect): Promise<ContainerInspect> {
    if (Object.keys(container.Config.Labels ?? {}).length === 0) return container;
    const Labels = labelsOfUser(container, await findImage(this.engine, container.Image));
    return { ...container, Config: { ...container.Config, Labels } };
  }

  /** Undefined if the engine has forgotten it, or a proxy before it does not let us ask. */
  private async removed(id: string): Promise<Record<string, string> | undefined> {
    try {
      return await this.engine.removedContainer(id);
    } catch (error) {
      if (error instanceof EngineError || error instanceof EngineTimeout) return undefined;
      throw error;
    }
  }

  private async facts(container: ContainerInspect, startedBefore: readonly string[]): Promise<StartFacts> {
    const ids = namespaceModes.flatMap((mode) => ownerOf(container, mode) ?? []);
    const references = [...new Set([...ids, ...linkedNames(container)])];
    const [needed, networks, refusal] = await Promise.all([
      Promise.all(references.map((reference) => find(this.engine, reference))),
      this.networks(container),
      this.refusalOfHost(container.HostConfig),
    ]);
    return { needed: needed.filter((one) => one !== undefined), startedBefore, networks, refusal };
  }

  /**
   * Asks for no more than may be gone: the engine keeps a network of its own as long as a running container is on it, but not one of
   * a Swarm, nor one that the container has left and that its network mode still names.
   */
  private async networks({ HostConfig, NetworkSettings, State }: ContainerInspect): Promise<StartFacts['networks']> {
    const gone: string[] = [];
    const replaced: string[] = [];
    const attached = Object.entries(NetworkSettings.Networks ?? {});
    for (const [name, { NetworkID = '' }] of attached) {
      if (predefined.has(name) || (State.Running && isEngines(NetworkID))) continue;
      const present = await unlessMissing(this.engine.inspectNetwork(name)).catch(unlessDenied);
      if (present === null) continue;
      if (!present) gone.push(name);
      else if (State.Running && NetworkID !== '' && present.Id !== NetworkID) replaced.push(name);
    }
    const own = networkOf(HostConfig.NetworkMode);
    const isAttached = attached.some(([name, { NetworkID }]) => name === own || NetworkID?.startsWith(own));
    if (!predefined.has(own) && !hasNoEndpoints(HostConfig.NetworkMode) && !isAttached) {
      const present = await unlessMissing(this.engine.inspectNetwork(own)).catch(unlessDenied);
      if (present === undefined) gone.push(own);
    }
    return { gone, replaced };
  }

  /** Only of what the engine looks at before it creates anything: paths and devices of the host, and the runtime. */
  private async refusalOfHost(hostConfig: HostConfig): Promise<string | undefined> {
    const paths = hostPaths(hostConfig);
    const { Runtime } = hostConfig;
    if (paths.length === 0 && (!Runtime || Runtime === usualRuntime)) return undefined;
    const Mounts = paths.map((Source, index) => ({ Type: 'bind', Source, Target: `/path-${index}` }));
    return this.engine.refusalOfHostConfig({ Mounts, Runtime });
  }
}

const predefined = new Set(['bridge', 'host', 'none']);
const usualRuntime = 'runc';

/** A network of the engine's own has 64 hexadecimal digits, one of a Swarm another id. */
function isEngines(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}

/** What the host has to have under the name that the container was created with: sources of binds, and devices. */
export function hostPaths({ Binds, Mounts, Devices }: HostConfig): string[] {
  const devices = (Devices ?? []) as { PathOnHost?: string }[];
  const paths = [
    ...(Binds ?? []).map((bind) => bind.split(':')[0]),
    ...(Mounts ?? []).filter(({ Type }) => Type === 'bind').map(({ Source }) => Source),
    ...devices.map(({ PathOnHost }) => PathOnHost),
  ];
  return [...new Set(paths.filter((path) => path?.startsWith('/')))] as string[];
}

/** Null where a proxy does not let us ask: then it is not known, as before. */
function unlessDenied(error: unknown): null {
  if (error instanceof EngineError) return null;
  throw error;
}

function refused(container: ContainerInspect, reason: string): UpdateError {
  return new UpdateError(
    'refused',
    'prepare',
    `${nameOf(container)} could not be started${container.State.Running ? ' again' : ''}: ${reason}. Nothing was touched`,
  );
}
