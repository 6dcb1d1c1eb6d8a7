import { defaultSocketPath, engineAddress, type EngineAddress } from '../../config/engine-address.js';
import type { ContainerInspect, ImageInspect, MountPoint } from '../engine/engine-types.js';
import { canonicalPath, mountedPath } from './mounted-path.js';
import { userEnvironment } from '../recreate/fields/environment.js';

/** Where engines have their socket on a host, with root's rights or without. */
const usualSocket = /^\/run\/(?:user\/\d+\/)?docker\.sock$/;
/** The engine's own choice of a name, for a volume that nobody gave one. */
const anonymousVolume = /^[0-9a-f]{64}$/;

/** The engine as this process reaches it. */
export interface EngineReached {
  address: EngineAddress;
  /** The container that this process runs in, if it does. */
  self?: ContainerInspect;
}

/**
 * Whether its operator gave a container this engine: the same tcp address, or a mount of the engine's socket, or of a folder
 * with it, where the container looks for it. What the image says, by `ENV DOCKER_HOST` or `VOLUME`, gives nothing.
 * @param image the image that the container runs; if it is gone, all of the environment counts as the operator's
 */
export function wasGivenEngine(
  container: ContainerInspect,
  image: Pick<ImageInspect, 'Config'> | undefined,
  { address, self }: EngineReached,
): boolean {
  const text = dockerHostOf(container, image);
  const looksAt = addressIn(text);
  if (!looksAt) return false;
  if (looksAt.host) {
    const hasPort = /:\d+\/?$/.test(text.trim());
    return looksAt.host === address.host && (!hasPort || looksAt.port === address.port);
  }
  const mounted = mountedPath(looksAt.socketPath ?? defaultSocketPath, givenMounts(container));
  if (!mounted) return false;
  // Behind a proxy nothing tells where the host has the socket.
  if (address.host) return mounted.isItself || usualSocket.test(mounted.hostPath);
  const ours = address.socketPath ?? defaultSocketPath;
  return mounted.hostPath === ((self && mountedPath(ours, self.Mounts)?.hostPath) ?? canonicalPath(ours));
}

function dockerHostOf({ Config }: ContainerInspect, image: Pick<ImageInspect, 'Config'> | undefined): string {
  const name = 'DOCKER_HOST=';
  const set = userEnvironment(Config.Env ?? [], image?.Config?.Env ?? []);
  return set.findLast((entry) => entry.startsWith(name))?.slice(name.length) ?? '';
}

/** Undefined for a text with which this service does not start. */
function addressIn(text: string): EngineAddress | undefined {
  try {
    return engineAddress({ DOCKER_HOST: text });
  } catch {
    return undefined;
  }
}

/** Without the volumes that an image asks for, which nobody but its author chose. */
function givenMounts({ Mounts }: ContainerInspect): MountPoint[] {
  return Mounts.filter(
    ({ Type, Name = '' }) => Type === 'bind' || (Type === 'volume' && Name !== '' && !anonymousVolume.test(Name)),
  );
}
