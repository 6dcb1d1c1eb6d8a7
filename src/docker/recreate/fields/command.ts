import type { ContainerConfig } from '../../engine/engine-types.js';
import { sameList } from './lists.js';

type Command = Pick<ContainerConfig, 'Entrypoint' | 'Cmd'>;

/**
 * What the user set of entrypoint and command, which the engine merges as a pair (moby daemon/commit.go, `merge`): an
 * entrypoint of the user's own takes the image's command away; one that the user emptied is told as `[""]`, for nothing
 * at all means the image's. Inspect shows `null` for it, and `[]` only where a client sent `[]`, which leaves the
 * image's command in force.
 */
export function userCommand(container: Command, image: Command): Command {
  const hasCommand = (container.Cmd ?? []).length > 0;
  const isImagesCommand = sameList(container.Cmd, image.Cmd);
  const ownCommand = isImagesCommand ? {} : { Cmd: container.Cmd };
  if (isEmptyList(container.Entrypoint) && !isEmptyList(image.Entrypoint) && hasCommand) {
    return { Entrypoint: [], ...ownCommand };
  }
  // A command that is gone was taken away by an entrypoint, though it be equal to the image's.
  if (sameList(container.Entrypoint, image.Entrypoint) && (hasCommand || isImagesCommand)) return ownCommand;
  const entrypoint = container.Entrypoint?.length ? container.Entrypoint : [''];
  return hasCommand ? { Entrypoint: entrypoint, Cmd: container.Cmd } : { Entrypoint: entrypoint };
}

function isEmptyList(list: string[] | null | undefined): boolean {
  return list?.length === 0;
}
