import type { Engine } from '../engine/engine.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { findImage } from '../engine/find.js';
import { registryDigest } from './image-identity.js';
import { removeUnusedImage } from './image-retention.js';
import { moveLocalTag } from './local-tag.js';
import { UpdateError, type FailureDetails } from '../update/outcome.js';
import { localImageTag } from './previous-image.js';

/** What a rejected image failed for: its program, or what it says of its own start. */
const failsByItself = new Set<FailureDetails['code']>(['exited', 'restarting', 'unhealthy', 'proof_timeout']);
/** The engine's and runc's words for an image that cannot be started anywhere. */
const cannotStart =
  /\bexec: "|exec format error|executable file not found|unable to find (?:user|group)|mount a directory onto a file/i;

/** Whether an update failed because of its image, and not because of the engine, a port, a disk or a stop of the service. */
export function isImagesFault({ code, message }: Pick<FailureDetails, 'code' | 'message'>): boolean {
  return failsByItself.has(code) || (code === 'start_failed' && cannotStart.test(message));
}

/** Whether an image is the rejected one: its id, or, where only its index was pushed anew, the manifest of its platform. */
export function isSameAsRejected(
  rejected: Pick<ImageInspect, 'Id' | 'Manifests'>,
  image: Pick<ImageInspect, 'Id' | 'Manifests'>,
): boolean {
  if (rejected.Id === image.Id) return true;
  const manifests = availableManifests(rejected);
  return availableManifests(image).some((id) => manifests.includes(id));
}

function availableManifests({ Manifests }: Pick<ImageInspect, 'Manifests'>): string[] {
  return (Manifests ?? []).filter(({ Kind, Available }) => Kind === 'image' && Available).map(({ ID }) => ID);
}

/** The image that an update of a container was last rolled back from, if there is one. */
export function rejectedImage(engine: Engine, containerName: string): Promise<ImageInspect | undefined> {
  const { repo, tag } = localImageTag(containerName, 'rejected');
  return findImage(engine, `${repo}:${tag}`);
}

/**
 * Keeps in mind that an image was rolled back, by a local tag: one per container. The engine is the only store.
 * @param removesUnused whether the image that has the tag so far is removed, where nothing else uses it
 */
export async function rejectImage(
  engine: Engine,
  containerName: string,
  imageId: string,
  removesUnused: boolean,
): Promise<void> {
  const before = removesUnused ? await rejectedImage(engine, containerName) : undefined;
  await engine.tagImage(imageId, localImageTag(containerName, 'rejected'));
  if (before && before.Id !== imageId) await removeUnusedImage(engine, before.Id);
}

/**
 * Whether a container that somebody started by hand proves its image: it is healthy, or runs without HEALTHCHECK long enough.
 * @param settleMs how long that is
 * @param nowMs since 1970
 */
export function provesItsImage({ State }: Pick<ContainerInspect, 'State'>, settleMs: number, nowMs: number): boolean {
  if (!State.Running || State.Restarting || State.Paused) return false;
  const health = State.Health?.Status ?? 'none';
  return health === 'healthy' || (health === 'none' && nowMs - Date.parse(State.StartedAt) >= settleMs);
}

/** Forgets it, once the image has proved itself after all. */
export async function acquitImage(
  engine: Engine,
  containerName: string,
  image: Pick<ImageInspect, 'Id' | 'Manifests'>,
): Promise<void> {
  const rejected = await rejectedImage(engine, containerName);
  if (!rejected || !isSameAsRejected(rejected, image)) return;
  const { repo, tag } = localImageTag(containerName, 'rejected');
  await engine.removeImage(`${repo}:${tag}`);
}

/**
 * Refuses an image that was rolled back before, and gives its local tag back to the image that runs: the pull has moved it.
 * @param container the name, the reference that it follows, and what runs
 * @throws UpdateError `known_bad`
 */
export async function assertNotRejected(
  engine: Engine,
  container: { name: string; reference: string; id: string; imageId: string },
  image: ImageInspect,
): Promise<void> {
  const { name, reference, id, imageId } = container;
  const rejected = await rejectedImage(engine, name);
  if (!rejected || !isSameAsRejected(rejected, image)) return;
  await moveLocalTag(engine, { reference, fromImageId: image.Id, toImageId: imageId, own: [id] });
  throw new UpdateError(
    'known_bad',
    'pull',
    `${reference} means the image ${registryDigest(image, reference) ?? image.Id}, from which an update of ${name} was rolled back. Nothing was touched; push another image, or notify with ?retry=true to try this one again`,
  );
}
