import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { attribution } from './attribution.js';
import { findCopiedFiles } from '../prepare/carried-files.js';
import { Derivation, orRefused, startFirstRefused } from '../prepare/derivation.js';
import { EngineError } from '../engine/engine-error.js';
import { composeMemberOf } from '../engine/compose-labels.js';
import { findComposeWarnings } from '../inspect/compose-warnings.finder.js';
import { hints } from './hints.js';
import { changingPorts } from '../cutover/moved-ports.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { findImage } from '../engine/find.js';
import { incompleteImage, isComplete } from '../images/image-completeness.js';
import { registryDigest, sameImage } from '../images/image-identity.js';
import { canonicalReference } from '../images/image-reference.js';
import { findingsOf, Inspection, type Permission } from '../inspect/inspection.js';
import { UpdateError, type Findings } from '../update/outcome.js';
import type { ContainerPlan, PlanRefusal, Prospects, ServicePlan, ServiceProspects, UpdatePlan } from './plan.js';
import { proofOfUpdate } from '../rules/proof-policy.js';
import { rejectedImage } from '../images/rejected-image.js';
import { Startability } from '../prepare/startability.js';
import { shortenedStops } from '../cutover/stop-time.js';
import { leftStopped, startsStopped } from '../prepare/stopped.js';
import { needsStandIn } from '../cutover/stand-in.js';
import { findingsOfService, ServiceInspection } from '../swarm/service-inspection.js';
import type { ServiceInspect, ServiceSpec } from '../engine/swarm-types.js';
import { TargetResolver, type TargetType } from '../inspect/target-resolver.js';
import { nameOf } from '../engine/container.js';
import type { Subject, Subjects } from '../update/subject.js';

/** Somebody waits for the answer. An update takes more time for it. */
const copiedFilesWithinMs = 10_000;
/** What a notify says of the update that is planned. */
export interface PlanWishes {
  /** What the name has to mean. */
  target?: TargetType;
  /** Whether a container that does not run is started. */
  startStopped?: boolean;
}

/**
 * Says what would become of an update, by the very rules of one, and touches nothing: it asks the engine to show things,
 * never the registry, and may run beside an update.
 */
@Injectable()
export class Planner {
  constructor(
    private readonly engine: Engine,
    private readonly inspection: Inspection,
    private readonly startability: Startability,
    private readonly derivation: Derivation,
    private readonly targets: TargetResolver,
    private readonly services: ServiceInspection,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'proofTimeoutMs' | 'unhealthyGraceMs'>,
  ) {}

  /**
   * @param mayUpdate whether those who ask may have all of these containers updated
   * @param wishes what the notify would say besides
   * @throws EngineUnreachable, EngineTimeout or EngineError where the engine does not answer well
   */
  async plan(name: string, mayUpdate: Permission, { target, startStopped }: PlanWishes = {}): Promise<UpdatePlan> {
    await this.engine.connect();
    try {
      const found = await this.targets.find(name, target, mayUpdate);
      if (found.service) return await this.planOfService(name, found.service);
      const present = await this.engine.listContainers();
      return await this.planOf(
        name,
        found.container,
        () => this.inspection.inspect(found.container, present, mayUpdate),
        startStopped,
      );
    } catch (error) {
      return { container: name, ...refusalOf(error) };
    }
  }

  /**
   * The plans of all containers of the engine, by name, without the one that this process runs in.
   * @throws as `plan`, but for what the engine refuses to show of one container: that is a refusal of this one
   */
  async planAll(): Promise<ContainerPlan[]> {
    await this.engine.connect();
    const all = await this.inspection.all();
    const ownId = await this.inspection.ownId(all);
    const plans: ContainerPlan[] = [];
    const others = all.filter(({ Id }) => Id !== ownId);
    for (const container of others.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
      const inspect = (): Promise<Subjects> => this.inspection.amongAll(container, all, () => true);
      const name = nameOf(container);
      plans.push(
        await this.planOf(name, container, inspect).catch((error: unknown) => {
          if (!(error instanceof EngineError)) throw error;
          const refusal = { code: 'engine_error', stage: 'prepare', message: error.message } as const;
          return { container: name, image: container.Config.Image, eligible: false, refusal };
        }),
      );
    }
    return plans;
  }

  private async planOf(
    container: string,
    subject: ContainerInspect,
    inspect: () => Promise<Subjects>,
    startStopped = false,
  ): Promise<ContainerPlan> {
    const findings = findingsOf(subject);
    try {
      const subjects = await inspect();
      const [target] = subjects;
      const { old, oldImage } = target;
      findings.fromDigest = registryDigest(oldImage, old.Config.Image);
      // What its reference means on the engine by now: a pull may have ended where the update was refused.
      const isName = canonicalReference(old.Config.Image) !== undefined;
      const pulled = isName ? await findImage(this.engine, old.Config.Image) : undefined;
      if (pulled) this.derivation.assertStaysEligible(target, pulled);
      const prospects = await this.prospects(subjects, startStopped);
      return { container, ...known(findings), eligible: true, ...prospects };
    } catch (error) {
      return { container, ...known(findings), ...refusalOf(error) };
    }
  }

  private async planOfService(container: string, service: ServiceInspect): Promise<ServicePlan> {
    let findings = findingsOfService(service);
    const subject = { container, service: service.Spec.Name };
    try {
      findings = { ...findings, ...(await this.services.inspect(service)) };
      const prospects = serviceProspects(service.Spec, this.services.optionsOf(service.Spec).warnings);
      return { ...subject, ...known(findings), eligible: true, ...prospects };
    } catch (error) {
      return { ...subject, ...known(findings), ...refusalOf(error) };
    }
  }

  /** @throws UpdateError with the stage `prepare` */
  private async prospects(subjects: Subjects, startStopped: boolean): Promise<Prospects> {
    const [target, ...others] = await this.startability.assure(subjects, startStopped);
    const { old, oldImage } = target;
    const dependents = others.map((subject) => nameOf(subject.old));
    // An update pulls it again first, which a plan must not.
    for (const subject of [target, ...others])
      if (!isComplete(subject.oldImage)) throw incompleteImage(nameOf(subject.old), 'the present image');
    // Whether there is one decides; it would be made only in the update.
    const standIn = needsStandIn(old) ? old : undefined;
    const { spec, options } = await this.derivation.derive({ ...target, standIn }, oldImage, true);
    const reason = await this.derivation.whyNotTwo(target, options, dependents);
    const copied = await findCopiedFiles(this.engine, { old, oldImage }, options, copiedFilesWithinMs);
    const { order, onFailure } = options;
    if (order === 'start-first' && old.State.Running && reason !== undefined) throw startFirstRefused(target, reason);
    return {
      order,
      onFailure,
      // The image is like the present one, so that the new container is like the old one.
      proof: orRefused(() => proofOfUpdate(old, options, this.settings, old.State.Health?.Status === 'unhealthy')),
      startFirst: reason === undefined ? { possible: true } : { possible: false, reason },
      dependents,
      values: attribution(old, oldImage, spec.create),
      warnings: [
        ...spec.warnings,
        ...changingPorts(old),
        ...(await findComposeWarnings(
          this.engine,
          subjects,
          composeMemberOf(old.Config.Labels) ? await this.engine.listContainers() : [],
        )),
        ...hints(old, oldImage, spec.create, await this.engine.knownInfo()),
        ...copied.warnings,
        ...(await this.warningsOfRejected(old)),
        ...shortenedStops(
          subjects.map((subject) => subject.old),
          this.engine.maxStopMs,
        ),
        ...stoppedWarnings(target, startStopped || options.startStopped),
      ],
    };
  }

  /** Nothing asks the registry here: whether the tag means that image still is told by the update. */
  private async warningsOfRejected(old: ContainerInspect): Promise<string[]> {
    const rejected = await rejectedImage(this.engine, nameOf(old));
    if (!rejected || sameImage(old, rejected)) return [];
    const digest = registryDigest(rejected, old.Config.Image) ?? rejected.Id;
    return [
      `an update to ${digest} was rolled back: as long as the tag means that image, a notify fails with known_bad; ?retry=true tries it again`,
    ];
  }
}

function stoppedWarnings({ old, cannotStart }: Subject, isStarted: boolean): string[] {
  if (old.State.Running) return [];
  return [isStarted ? startsStopped(old) : leftStopped(old, cannotStart)];
}

function known({ image, fromImageId, fromDigest }: Findings): Pick<Findings, 'image' | 'fromImageId' | 'fromDigest'> {
  return { image, fromImageId, fromDigest };
}

/** @throws the error where it is none of an update that ends before anything is touched */
function refusalOf(error: unknown): { eligible: false; refusal: PlanRefusal } {
  if (!(error instanceof UpdateError)) throw error;
  const { code, stage, message } = error;
  return { eligible: false, refusal: { code, stage, message } };
}

/** Where nothing is said, Swarm's defaults hold (swarmkit, api/defaults). */
function serviceProspects({ Mode, UpdateConfig = {} }: ServiceSpec, warnings: string[]): ServiceProspects {
  return {
    order: UpdateConfig.Order ?? 'stop-first',
    onFailure: UpdateConfig.FailureAction ?? 'pause',
    parallelism: UpdateConfig.Parallelism ?? 1,
    replicas: Mode?.Replicated?.Replicas,
    warnings,
  };
}
