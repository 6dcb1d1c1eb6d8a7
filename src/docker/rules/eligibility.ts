import { swarmServiceLabel } from '../engine/container.js';
import type { ContainerInspect, EndpointSettings, ImageInspect } from '../engine/engine-types.js';
import { isPinned } from '../images/image-reference.js';
import { readLabel, readLabels } from '../update/label-values.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { labels } from '../update/labels.js';
import { parseTemporaryName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';
import { composeLabels } from '../engine/compose-labels.js';

export interface Refusal {
  code: 'refused' | 'image_pinned';
  /** What is refused, why, and what to do instead. */
  reason: string;
}

/** What is known of the engine besides the container itself. */
export interface EligibilityContext {
  /** The id of the container that this service runs in. */
  selfId?: string;
  /** Whether a helper may replace that one: the setting `SELF_UPDATE`. */
  maySelfUpdate?: boolean;
  /** The ids of the containers that stand between this service and the engine's socket. */
  proxyIds?: readonly string[];
  /** The ids of the containers that may have made the socket by which this service reaches the engine. */
  socketMakerIds?: readonly string[];
}

/** Of a task's container: the id of its service. */
const swarm =
  'Docker Swarm, which would replace it at once; update its service instead: notify it, by its name, on a manager of the Swarm';

/** Labels by which other managers mark the containers that they alone may replace, and what to do there. */
const managers: Record<string, string> = {
  'com.docker.swarm.task.id': swarm,
  [swarmServiceLabel]: swarm,
  'io.kubernetes.pod.name': 'Kubernetes, which would replace it; update its workload instead',
  'com.hashicorp.nomad.alloc_id': 'Nomad, which would replace it; update its job instead',
  'com.amazonaws.ecs.task-arn': 'Amazon ECS, which would replace it; update its service instead',
  PODMAN_SYSTEMD_UNIT: 'systemd, which would start it anew; restart its unit instead',
};

/**
 * Says why a container must not be updated, before anything is pulled or touched; undefined where it may be.
 * @param image the image that it runs; undefined if it is gone, so that nobody can tell who set a label
 */
export function ineligible(
  container: ContainerInspect,
  image: Pick<ImageInspect, 'Config'> | undefined,
  context: EligibilityContext = {},
): Refusal | undefined {
  const reason = refusal(container, image, context);
  if (reason) return { code: 'refused', reason: `${nameOf(container)} ${reason}` };
  const { Config, Image } = container;
  if (!isPinned(Config.Image, Image)) return undefined;
  return {
    code: 'image_pinned',
    reason: `${nameOf(container)} runs ${Config.Image}, which no push can change; recreate it from a tag, to have something to follow`,
  };
}

function refusal(
  container: ContainerInspect,
  image: Pick<ImageInspect, 'Config'> | undefined,
  context: EligibilityContext,
): string | undefined {
  const set = labelsOfUser(container, image);
  return (
    leftAlone(container.Config.Labels ?? {}) ??
    ofManager(image ? set : (container.Config.Labels ?? {})) ??
    ofName(container) ??
    notUnderstood(() => readLabels(set)) ??
    ofState(container) ??
    ofAutoRemove(container, set, context) ??
    ofNetworks(container) ??
    ofContext(container, context)
  );
}

/**
 * Why what has these labels must not be updated, where its owner says so. Anybody may say so, the author of its image too.
 * @param has all of its labels, whoever set them
 */
export function leftAlone(has: Readonly<Record<string, string>>): string | undefined {
  const problem = notUnderstood(() => readLabel(has, 'enable'));
  if (problem !== undefined || readLabel(has, 'enable') !== false) return problem;
  return `has the label ${labels.enable}=${String(has[labels.enable])}: its owner wants it left alone; recreate it without the label to have it updated`;
}

/** Why what has the label that `read` reads is not updated: a text that nobody understands may have been meant as a no. */
function notUnderstood(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return `is not updated, because ${(error as Error).message}; recreate it with a label that can be understood`;
  }
}

/** The label by which a manager marks what it alone may replace, and who that is. */
export function managerOf(has: Readonly<Record<string, string>>): { label: string; is: string } | undefined {
  const label = Object.keys(managers).find((name) => Object.hasOwn(has, name));
  return label === undefined ? undefined : { label, is: managers[label] ?? '' };
}

function ofManager(set: Readonly<Record<string, string>>): string | undefined {
  const manager = managerOf(set);
  if (manager) return `is managed by ${manager.is}`;
  if (set[composeLabels.oneOff]?.toLowerCase() !== 'true' && !Object.hasOwn(set, composeLabels.hook)) return undefined;
  return 'is a one-off container of Compose (a `run` or a hook), which ends by itself; notify the container of its service';
}

function ofName({ Name }: ContainerInspect): string | undefined {
  const temporary = parseTemporaryName(Name);
  if (temporary) {
    return `has a name that an update gives for a while; notify ${temporary.name} instead, which also puts right what an interrupted update left behind`;
  }
  return undefined;
}

function ofState({ State }: ContainerInspect): string | undefined {
  if (State.Dead || State.Status === 'dead') return 'is dead: the engine could not remove it; remove it by hand';
  if (State.Status === 'removing') return 'is being removed; create it anew';
  if (State.Paused) return 'is paused, so that a replacement could not be proved; unpause it first';
  return undefined;
}

function ofAutoRemove(
  { Id, HostConfig, State }: ContainerInspect,
  set: Readonly<Record<string, string>>,
  { selfId }: EligibilityContext,
): string | undefined {
  if (!HostConfig.AutoRemove) return undefined;
  if (!readLabel(set, 'allowAutoRemove')) {
    return `was run with --rm and vanishes when it stops, so that it could not be rolled back; run it without --rm, or with the label ${labels.allowAutoRemove}=true where a copy of it may come back instead`;
  }
  if (!State.Running) return 'was created with --rm and does not run; start it first, or create it without --rm';
  return Id === selfId ? 'is the container of this service and was run with --rm; run it without --rm' : undefined;
}

/** Seen on Docker Engine 28.5: such an endpoint outlives the stop, and neither the old container nor a new one starts again. */
function ofNetworks({ NetworkSettings }: ContainerInspect): string | undefined {
  const isShortId = ([network, { NetworkID }]: [string, EndpointSettings]): boolean =>
    /^[0-9a-f]{12,63}$/.test(network) && (NetworkID ?? '').startsWith(network);
  const shortId = Object.entries(NetworkSettings.Networks ?? {}).find(isShortId)?.[0];
  return shortId === undefined
    ? undefined
    : `is attached to a network by its short id ${shortId}, so that the engine could not start it again; recreate it with the network's name`;
}

function ofContext(
  { Id }: ContainerInspect,
  { selfId, maySelfUpdate, proxyIds, socketMakerIds }: EligibilityContext,
): string | undefined {
  if (Id === selfId && !maySelfUpdate) {
    return 'is the container of this service, which would stop in the middle of its own update; set SELF_UPDATE=true to have a helper do it, or update it by hand';
  }
  if (proxyIds?.includes(Id)) {
    return 'is, or may be, the proxy through which this service reaches the engine: without it the update could not go on; update it by hand';
  }
  if (socketMakerIds?.includes(Id)) {
    return "may write where the socket lies by which this service reaches the engine, and so may be the proxy that made it: without it the update could not go on; update it by hand. A container that only uses the socket needs its folder read-only ('ro'), and can then be updated";
  }
  return undefined;
}
