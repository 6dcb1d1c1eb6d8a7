import type { Member } from '../cutover/member.js';
import { nameless } from '../cutover/start-first.js';
import { nameOf } from '../engine/container.js';
import { EngineError } from '../engine/engine-error.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import type { ContainerSpec } from '../recreate/create-request.js';
import { withoutRenewed } from '../recreate/renewed-volumes.js';
import { compareReplacement } from '../recreate/verify/compare-replacement.js';
import type { UpdateOptions } from '../rules/update-options.js';
import { UpdateError } from '../update/outcome.js';
import type { Subject } from '../update/subject.js';
import type { CopiedFiles } from './carried-files.js';

/** What a replacement is to be: decided by looking alone, before anything is created. */
export interface ReplacementRequest {
  subject: Subject;
  image: ImageInspect;
  spec: ContainerSpec;
  options: UpdateOptions;
  swarmScopedNetworks: ReadonlySet<string>;
  /** The names that a replacement of `start-first` gets after its proof. */
  handOver: Member['handOver'];
  copied: CopiedFiles;
  warnings: string[];
}

/**
 * Compares a replacement that was created, and not yet started, with what it was to be.
 * @returns warnings about fields that differ and that no rule knows
 * @throws UpdateError `container_changed` if it runs another image, `not_faithful` if it would lose what was set
 */
export function assertFaithful(request: ReplacementRequest, replacement: ContainerInspect): string[] {
  const { subject, image, options, swarmScopedNetworks, handOver } = request;
  const { old, oldImage } = subject;
  if (replacement.Image !== image.Id) {
    throw new UpdateError(
      'container_changed',
      'prepare',
      `the tag ${old.Config.Image} was moved by somebody else during the update; the next notify takes the newer image`,
    );
  }
  const kept = image.Id === old.Image ? old : withoutRenewed(old, options.renewVolumes);
  const expected = handOver.length > 0 ? nameless(kept) : kept;
  const { lost, warnings } = compareReplacement(expected, oldImage, replacement, { swarmScopedNetworks });
  if (lost.length === 0) return warnings;
  throw new UpdateError(
    'not_faithful',
    'prepare',
    `the replacement would lose what was set: ${lost.join('; ')}. Nothing was touched; recreate the container by hand`,
  );
}

/** Says why the engine did not create the replacement of a container; what is no answer of an engine stays as it is. */
export function creationFailure(old: ContainerInspect, error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  // The name is made of the old container's id, so that it is an update of this very container that has taken it.
  if (error.statusCode === 409 && error.detail.includes('already in use'))
    return new UpdateError(
      'another_instance',
      'prepare',
      `another instance of this service is updating ${nameOf(old)}; it is left alone`,
      { cause: error },
    );
  const message = `the engine refuses to create the replacement: ${error.detail}`;
  return new UpdateError('create_failed', 'prepare', message, { cause: error });
}
