import type { ContainerInspect } from '../engine/engine-types.js';
import { ownerOf } from '../engine/namespaces.js';
import type { OwnContainer } from './own-container.js';
import { serviceLabel } from './service-label.js';

/**
 * The container that this process runs in. In another container's network a process sees that one's id in its mounts. Its root file
 * system tells the two apart; the containerd store does not show that, so that there the label of the service's image and the time of
 * its start do.
 * @param all the owner of its network, and all that share it, at least
 */
export function selfAmong(
  all: readonly ContainerInspect[],
  own: OwnContainer | undefined,
): ContainerInspect | undefined {
  if (!own) return undefined;
  const owner = all.find(({ Id }) => Id === own.networkOwnerId);
  const sharing = all.filter((one) => ownerOf(one, 'NetworkMode') === own.networkOwnerId);
  const candidates = owner ? [owner, ...sharing] : sharing;
  const shown = candidates.filter((one) => one.GraphDriver?.Data?.UpperDir !== undefined);
  if (own.upperFolder !== undefined && shown.length > 0)
    return shown.find((one) => one.GraphDriver?.Data?.UpperDir === own.upperFolder) ?? owner;
  return lastStarted(candidates.filter(isService), own.startedAtMs) ?? owner;
}

function isService({ Config }: ContainerInspect): boolean {
  return Config.Labels?.[serviceLabel.name] === serviceLabel.value;
}

/** Of those that started before: a process starts soon after its container. */
function lastStarted(containers: readonly ContainerInspect[], beforeMs: number): ContainerInspect | undefined {
  const startedMs = ({ State }: ContainerInspect): number => Date.parse(State.StartedAt);
  return containers
    .filter((one) => one.State.Running && startedMs(one) <= beforeMs)
    .sort((a, b) => startedMs(b) - startedMs(a))[0];
}
