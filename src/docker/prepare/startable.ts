import { linkedNames } from '../inspect/dependencies.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { nameOf } from '../engine/container.js';
import { namespaceModes, ownerOf, type NamespaceMode } from '../engine/namespaces.js';

/** What a container is started with, as far as the engine tells. */
export interface StartFacts {
  /** The containers whose namespaces it shares and that it links to; those that are gone are missing. */
  needed: readonly ContainerInspect[];
  /** Of these, the ids of those that the update starts before it. */
  startedBefore: readonly string[];
  /** Its networks that are gone, and those of which another one has the name now. */
  networks: { gone: readonly string[]; replaced: readonly string[] };
  /** What the engine finds wrong with paths, devices and runtime. */
  refusal?: string;
}

const namespaceNames: Record<NamespaceMode, string> = {
  NetworkMode: 'network',
  IpcMode: 'IPC namespace',
  PidMode: 'process namespace',
};

/**
 * Why a container that stops could not be started again, neither itself nor its replacement: with what to do. Undefined if nothing
 * speaks against it. Devices, paths and drivers can vanish later; a start is the only proof. Pure.
 */
export function whyNotStartable(container: ContainerInspect, facts: StartFacts): string | undefined {
  return ofOwners(container, facts) ?? ofLinks(container, facts) ?? ofNetworks(facts) ?? ofHost(facts);
}

/** A container can join the namespaces of one that runs, and nothing else. */
function ofOwners(container: ContainerInspect, { needed, startedBefore }: StartFacts): string | undefined {
  for (const mode of namespaceModes) {
    const id = ownerOf(container, mode);
    if (id === undefined) continue;
    const what = namespaceNames[mode];
    const owner = needed.find((one) => one.Id === id);
    if (!owner) return `the container ${id.slice(0, 12)}, whose ${what} it shares, is gone; ${recreate}`;
    const name = nameOf(owner);
    if (owner.State.Restarting) return `${name}, whose ${what} it shares, restarts again and again; mend ${name} first`;
    if (!owner.State.Running && !startedBefore.includes(id))
      return `${name}, whose ${what} it shares, does not run; start ${name} first`;
    if (mode === 'IpcMode' && isPrivate(owner))
      return `the IPC namespace of ${name} is private, so that it cannot be shared; recreate ${name} with --ipc shareable`;
  }
  return undefined;
}

function isPrivate({ HostConfig }: ContainerInspect): boolean {
  return HostConfig.IpcMode === 'private' || HostConfig.IpcMode === 'none';
}

/** A legacy link holds on to the very container that it was made for, whatever has its name today. */
function ofLinks(container: ContainerInspect, { needed, startedBefore }: StartFacts): string | undefined {
  for (const name of linkedNames(container)) {
    const parent = needed.find((one) => nameOf(one) === name);
    if (!parent) return `the container ${name}, which it has a legacy link to, is gone; ${recreate}`;
    if (Date.parse(parent.Created) > Date.parse(container.Created))
      return `its legacy link leads to an earlier container ${name}, which is gone; ${recreate}`;
    if (!parent.State.Running && !startedBefore.includes(parent.Id))
      return `${name}, which it has a legacy link to, does not run; start ${name} first`;
  }
  return undefined;
}

function ofNetworks({ networks: { gone, replaced } }: StartFacts): string | undefined {
  if (gone[0] !== undefined) return `its network ${gone[0]} is gone; create the network, then ${recreate}`;
  if (replaced[0] !== undefined) return `its network ${replaced[0]} was removed and created anew; ${recreate}`;
  return undefined;
}

const missingPath = /bind source path does not exist: (.+)$/;
const unknownRuntime = /unknown (?:or invalid )?runtime/i;

function ofHost({ refusal }: StartFacts): string | undefined {
  if (refusal === undefined) return undefined;
  const path = missingPath.exec(refusal)?.[1];
  if (path !== undefined)
    return `the engine's host no longer has ${path}, which it mounts or uses as a device; put it back, or recreate the container without it`;
  return unknownRuntime.test(refusal)
    ? `the engine no longer has its runtime (${refusal}); configure the runtime, or recreate the container without it`
    : undefined;
}

export const recreate = 'recreate the container, for instance with docker compose up -d';
