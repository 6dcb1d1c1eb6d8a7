import { Injectable } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find, findImage } from '../engine/find.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import type { Permission } from './inspection.js';
import { UpdateError } from '../update/outcome.js';
import { ServiceInspection } from '../swarm/service-inspection.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import { nameOf, swarmServiceLabel } from '../engine/container.js';

/** What a name may mean. */
export type TargetType = 'container' | 'service';

export type Target = { container: ContainerInspect; service?: undefined } | { service: ServiceInspect };

/**
 * Finds what a name means: a container, or where there is none a service of the Swarm that the engine manages. Containers
 * come first, so that for one that exists nothing else is asked.
 */
@Injectable()
export class TargetResolver {
  constructor(
    private readonly engine: Engine,
    private readonly services: ServiceInspection,
  ) {}

  /**
   * @param kind what the name has to mean, where the caller says so
   * @param mayUpdate whether those who asked may have all of these updated: a task's container leads to another name
   * @throws UpdateError with the stage `inspect`
   */
  async find(name: string, kind: TargetType | undefined, mayUpdate: Permission): Promise<Target> {
    const container = kind === 'service' ? undefined : await this.container(name);
    const serviceId = kind === undefined && container ? await this.serviceIdOf(container) : undefined;
    const service = serviceId === undefined ? undefined : await this.services.behind(serviceId);
    if (service) return { service: permitted(service, name, mayUpdate) };
    if (container) return { container };
    const missing = `there is no container named ${name}`;
    if (kind === 'container') throw new UpdateError('no_such_container', 'inspect', missing);
    const found = await this.services.search(name);
    if (found.service) return found;
    if (kind === 'service') throw new UpdateError('no_such_service', 'inspect', found.reason);
    const too = (await this.managesSwarm()) ? `, and ${found.reason}` : '';
    throw new UpdateError('no_such_container', 'inspect', missing + too);
  }

  /** What to say of a service that has the name of a container that was taken. Asks a manager alone for services. Never throws. */
  async namesakeOf(name: string): Promise<string[]> {
    if (!(await this.managesSwarm())) return [];
    const { service } = await this.services.search(name).catch(() => ({ service: undefined }));
    if (!service) return [];
    return [
      `there is a container and a service named ${name}: the container was taken; ask with ?kind=service for the service`,
    ];
  }

  /** Of a task's container. An image may have the label too, and would lead to a service that it has nothing to do with. */
  private async serviceIdOf(container: ContainerInspect): Promise<string | undefined> {
    if (!Object.hasOwn(container.Config.Labels ?? {}, swarmServiceLabel)) return undefined;
    return labelsOfUser(container, await findImage(this.engine, container.Image))[swarmServiceLabel];
  }

  private async managesSwarm(): Promise<boolean> {
    const info = await this.engine.info().catch(() => undefined);
    return info?.Swarm?.ControlAvailable === true;
  }

  private async container(name: string): Promise<ContainerInspect | undefined> {
    const found = await find(this.engine, name);
    // The engine resolves ids and id prefixes as well; here a name is a name.
    return found && nameOf(found) === name ? found : undefined;
  }
}

function permitted(service: ServiceInspect, task: string, mayUpdate: Permission): ServiceInspect {
  const { Name } = service.Spec;
  if (mayUpdate([Name])) return service;
  throw new UpdateError(
    'refused',
    'inspect',
    `${task} is a task of the service ${Name}, which none of those who asked for this update may update; grant it, or ask with a token that may`,
  );
}
