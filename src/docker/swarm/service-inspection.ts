import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { ContainerRules } from '../rules/container-rules.js';
import { EngineError } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find, findImage } from '../engine/find.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { UpdateError, type Findings } from '../update/outcome.js';
import { Surroundings } from '../instance/surroundings.js';
import { serviceImage } from './service-spec.js';
import type { ServiceContext } from './service-refusal.js';
import { SwarmManager } from './swarm-manager.js';
import type { ServiceInspect, ServiceSpec } from '../engine/swarm-types.js';
import { swarmServiceLabel } from '../engine/container.js';
import { optionsOfService, refusalOfService, type ServiceOptions } from './service-rules.js';

/** A look for a service: there it is, or why there is none. */
export type ServiceSearch = { service: ServiceInspect } | { service?: undefined; reason: string };

/** Finds services, and refuses those that must not be touched, before the registry is asked. */
@Injectable()
export class ServiceInspection {
  constructor(
    private readonly engine: Engine,
    private readonly manager: SwarmManager,
    private readonly rules: ContainerRules,
    private readonly surroundings: Surroundings,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'selfUpdate'>,
  ) {}

  /** The service with a name. An engine that is no manager of a Swarm has none, and neither is one asked through a proxy that forbids it. */
  async search(name: string): Promise<ServiceSearch> {
    try {
      const service = await this.manager.inspectService(name);
      // Ids and id prefixes are found as well; here a name is a name.
      return service.Spec.Name === name ? { service } : { reason: `there is no service named ${name}` };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { reason: error.statusCode === 404 ? `there is no service named ${name}` : reasonOf(error) };
    }
  }

  /** The service that a task's container belongs to; undefined where the engine, as a mere worker, does not know it. */
  async behind(serviceId: string): Promise<ServiceInspect | undefined> {
    try {
      return await this.manager.inspectService(serviceId);
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }

  /** @throws UpdateError with the stage `inspect` if it must not be updated */
  async inspect({ ID, Spec }: ServiceInspect): Promise<Findings> {
    await this.rules.refresh();
    this.assertMayUpdate(Spec, await this.contextOf(ID));
    const { followed, digest } = serviceImage(Spec);
    return { image: followed, fromDigest: digest };
  }

  /** @throws UpdateError with the stage `inspect` */
  assertMayUpdate(spec: ServiceSpec, context: ServiceContext = {}): void {
    const refusal = refusalOfService(this.rules, spec, context);
    if (refusal) throw new UpdateError(refusal.code, 'inspect', refusal.reason);
  }

  /** @throws UpdateError `refused` where the policy does not let it run this image, which it does not follow at present */
  assertMayRun({ Name }: ServiceSpec, image: string): void {
    const reason = this.rules.refusalOfImage(Name, [image]);
    if (reason !== undefined) throw new UpdateError('refused', 'pull', `the service ${Name} ${reason}`);
  }

  /** How it wants to be updated. @throws UpdateError `refused` where that cannot be understood */
  optionsOf(spec: ServiceSpec): ServiceOptions {
    try {
      return optionsOfService(this.rules, spec);
    } catch (error) {
      throw new UpdateError('refused', 'inspect', (error as Error).message, { cause: error });
    }
  }

  /** Whether this service, or the way to the engine, is among the tasks that run here. */
  private async contextOf(serviceId: string): Promise<ServiceContext> {
    const labelled = await this.engine.listRunningByLabel(`${swarmServiceLabel}=${serviceId}`);
    const found = await Promise.all(labelled.map(({ Id }) => this.task(Id)));
    const { selfId, proxyIds } = await this.surroundings.among(found.filter((task) => task !== undefined));
    return { isOwn: selfId !== undefined && !this.settings.selfUpdate, isProxy: proxyIds.length > 0 };
  }

  /** A container that Swarm gave the label, and not its image. */
  private async task(id: string): Promise<ContainerInspect | undefined> {
    const container = await find(this.engine, id);
    const set = container && labelsOfUser(container, await findImage(this.engine, container.Image));
    return set && Object.hasOwn(set, swarmServiceLabel) ? container : undefined;
  }
}

function reasonOf({ statusCode, detail }: EngineError): string {
  return statusCode === 503 && /not a swarm manager/i.test(detail)
    ? 'the engine is no manager of a Swarm, so that it knows no services'
    : `it does not show services (${detail.slice(0, 200)})`;
}

/** What a record says of a service before it was inspected. */
export function findingsOfService({ Spec }: Pick<ServiceInspect, 'Spec'>): Findings {
  return { service: Spec.Name, image: Spec.TaskTemplate.ContainerSpec?.Image };
}
