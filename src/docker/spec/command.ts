import type { ContainerConfig } from '../engine-types.js';
import { sameList } from './environment.js';

type Command = Pick<ContainerConfig, 'Entrypoint' | 'Cmd'>;

/**
 * What the user set of entrypoint and command, which the engine merges as a pair: an entrypoint of the user's own takes
 * the image's command away, and one that is empty is told as `[""]`, for nothing at all means the image's.
 */
export function userCommand(container: Command, image: Command): Command {
  const hasCmd = (container.Cmd ?? []).length > 0;
  const sameEntrypoint = sameList(container.Entrypoint, image.Entrypoint);
  const sameCmd = sameList(container.Cmd, image.Cmd);
  if (sameEntrypoint && sameCmd) return {};
  if (sameEntrypoint && hasCmd) return { Cmd: container.Cmd };
  const entrypoint = (container.Entrypoint ?? []).length > 0 ? container.Entrypoint : [''];
  return hasCmd ? { Entrypoint: entrypoint, Cmd: container.Cmd } : { Entrypoint: entrypoint };
}
