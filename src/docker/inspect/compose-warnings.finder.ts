import { composeDependencies, composeMemberOf } from '../engine/compose-labels.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerSummary } from '../engine/engine-types.js';
import { findImage } from '../engine/find.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import type { Subject } from '../update/subject.js';
import { composeWarnings } from './compose-warnings.js';

/**
 * Finds the warnings of `composeWarnings` by the labels that users, and Compose, set: an image cannot put its container into the
 * warnings of another one.
 * @param subjects the target, then the containers that are replaced with it
 * @param present every container of the engine
 * @throws EngineUnreachable, EngineTimeout or EngineError where the engine does not answer well
 */
export async function findComposeWarnings(
  engine: Engine,
  subjects: readonly Subject[],
  present: readonly ContainerSummary[],
): Promise<string[]> {
  const [target] = subjects;
  const own = target && composeMemberOf(labelsOfUser(target.old, target.oldImage));
  // Only what claims to be restarted with it costs a look.
  const candidates = present.filter(({ Labels }) => own !== undefined && claimsToFollow(Labels, own.project));
  const ids = [...new Set(candidates.map(({ ImageID }) => ImageID))];
  const images = new Map(await Promise.all(ids.map(async (id) => [id, await findImage(engine, id)] as const)));
  const peers = candidates.map((peer) => ({
    ...peer,
    Labels: labelsOfUser({ Config: { Image: peer.Image, Labels: peer.Labels } }, images.get(peer.ImageID)),
  }));
  return composeWarnings(subjects, peers);
}

function claimsToFollow(Labels: ContainerSummary['Labels'], project: string): boolean {
  return (
    composeMemberOf(Labels)?.project === project &&
    composeDependencies({ Config: { Image: '', Labels } }).some(({ restart }) => restart)
  );
}
