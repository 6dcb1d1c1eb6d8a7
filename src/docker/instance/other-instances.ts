import { Inject, Injectable } from '@nestjs/common';
import type { EngineAddress } from '../../config/engine-address.js';
import { settings, type Settings } from '../../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, ContainerSummary, ImageInspect } from '../engine/engine-types.js';
import { wasGivenEngine } from './engine-access.js';
import { find, findImage } from '../engine/find.js';
import { UpdateError } from '../update/outcome.js';
import { serviceLabel } from './service-label.js';
import { Surroundings } from './surroundings.js';
import { parseTemporaryName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';

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
    const inspected = await Promise.all(running.map(({ Id }) => find(this.engine, Id)));
    const all = inspected.filter((container) => container !== undefined);
    const { selfId } = await this.surroundings.among(all);
    const found = await Promise.all(
      all.map(async ({ Image }) => [Image, await findImage(this.engine, Image)] as const),
    );
    const elder = elderInstance(all, { selfId, engine: this.settings.engine, target, images: new Map(found) });
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

/**
 * The instance that has precedence, if any. A process outside of a container gives way to every container.
 * @param options.images those that the containers run, by their ids, as far as they are still there
 */
export function elderInstance(
  all: readonly ContainerInspect[],
  {
    selfId,
    engine: address,
    target,
    images,
  }: {
    selfId?: string;
    engine: EngineAddress;
    target?: string;
    images: ReadonlyMap<string, Pick<ImageInspect, 'Config'> | undefined>;
  },
): ContainerInspect | undefined {
  const self = all.find(({ Id }) => Id === selfId);
  return all.find(
    (other) =>
      other !== self &&
      nameOf(other) !== target &&
      // One that updates the service's own container: recovery waits for it.
      parseTemporaryName(other.Name) === undefined &&
      wasGivenEngine(other, images.get(other.Image), { address, self }) &&
      (!self || startedBefore(other, self)),
  );
}

function startedBefore(one: ContainerInspect, other: ContainerInspect): boolean {
  const [first, second] = [one, other].map(({ State }) => Date.parse(State.StartedAt)) as [number, number];
  return first === second ? one.Id < other.Id : first < second;
}
