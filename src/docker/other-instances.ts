import { Inject, Injectable } from '@nestjs/common';
import type { EngineAddress } from '../config/engine-address.js';
import { settings, type Settings } from '../config/settings.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ContainerSummary } from './engine-types.js';
import { find } from './find.js';
import { UpdateError } from './outcome.js';
import { nameOf } from './pair.js';
import { Surroundings } from './surroundings.js';
import { parseTemporaryName } from './temporary-names.js';

/** By this label of its image (Dockerfile) the service knows its own kind. */
export const serviceLabel = { name: 'org.opencontainers.image.title', value: 'trigger-docker-pull' } as const;

/** Keeps two containers of this service from updating on one engine: the one that was there first works. */
@Injectable()
export class OtherInstances {
  constructor(
    private readonly engine: Engine,
    private readonly surroundings: Surroundings,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engine'>,
  ) {}

  /**
   * @param present every container of the engine
   * @param target a container that is about to be updated, and is no obstacle to its own update
   * @throws UpdateError `another_instance` where another container of this service works on the engine, and may
   */
  async assertNone(present: readonly ContainerSummary[], target?: string): Promise<void> {
    const running = present.filter(
      ({ State, Labels }) => isAlive(State) && Labels?.[serviceLabel.name] === serviceLabel.value,
    );
    const found = await Promise.all(running.map(({ Id }) => find(this.engine, Id)));
    const all = found.filter((container) => container !== undefined);
    const { selfId } = await this.surroundings.among(all);
    const elder = elderInstance(all, { selfId, engine: this.settings.engine, target });
    if (!elder) return;
    throw new UpdateError(
      'another_instance',
      'recover',
      `the container ${nameOf(elder)} of this service was there first and updates on this engine; stop one of the two`,
    );
  }
}

function isAlive(state: string | undefined): boolean {
  return state !== undefined && ['running', 'restarting', 'paused'].includes(state);
}

/** The instance that has precedence, if any. A process outside of a container gives way to every container. */
export function elderInstance(
  all: readonly ContainerInspect[],
  { selfId, engine, target }: { selfId?: string; engine: EngineAddress; target?: string },
): ContainerInspect | undefined {
  const self = all.find(({ Id }) => Id === selfId);
  return all.find(
    (other) =>
      other !== self &&
      nameOf(other) !== target &&
      // One that updates the service's own container: recovery waits for it.
      parseTemporaryName(other.Name) === undefined &&
      usesEngine(other, engine) &&
      (!self || startedBefore(other, self)),
  );
}

/** A container of this service may well serve another engine, such as that of another host. */
function usesEngine({ Config, Mounts }: ContainerInspect, engine: EngineAddress): boolean {
  const address = Config.Env?.find((entry) => entry.startsWith('DOCKER_HOST='))?.slice('DOCKER_HOST='.length);
  if (address?.startsWith('tcp://')) return address === `tcp://${engine.host ?? ''}:${engine.port ?? ''}`;
  const socket = address?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
  return Mounts.some(({ Destination }) => socket === Destination || socket.startsWith(`${Destination}/`));
}

function startedBefore(one: ContainerInspect, other: ContainerInspect): boolean {
  const [first, second] = [one, other].map(({ State }) => Date.parse(State.StartedAt)) as [number, number];
  return first === second ? one.Id < other.Id : first < second;
}
