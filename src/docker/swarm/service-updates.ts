import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { Disclosure } from '../report/disclosure.js';
import { Engine } from '../engine/engine.js';
import { labels } from '../update/labels.js';
import { UpdateError, type UpdateOutcome } from '../update/outcome.js';
import type { RunningUpdate } from '../update/running-update.js';
import { TagPuller, type Expected } from '../images/tag-puller.js';
import { isServed, type Aim, type Look } from './convergence.js';
import { endOf } from './service-end.js';
import { findingsOfService, ServiceInspection } from './service-inspection.js';
import { ServiceProgress, type ServiceDeadlines } from './service-progress.js';
import { mayTellOutput } from './service-output.js';
import { serviceImage, withImage } from './service-spec.js';
import { submit, type Change } from './service-submission.js';
import { watchService } from './service-watch.js';
import { previousImage } from './previous-spec.js';
import { SwarmManager } from './swarm-manager.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import { collectTaskEvidence, type TaskEvidence } from './task-evidence.js';

const nsPerMs = 1_000_000;
/** Swarm's default (swarmkit, api/defaults). */
const defaultMonitorMs = 5000;

/**
 * Updates services of a Swarm: resolves the tag to a digest and hands that to Swarm, which replaces the tasks as the service's own
 * update configuration says; then watches until all of them run it, or Swarm gives up.
 */
@Injectable()
export class ServiceUpdates {
  constructor(
    private readonly engine: Engine,
    private readonly manager: SwarmManager,
    private readonly inspection: ServiceInspection,
    private readonly puller: TagPuller,
    private readonly disclosure: Disclosure,
    @Inject(settings.KEY)
    private readonly settings: Pick<Settings, 'engineWaitMs' | 'logTailLines' | 'proofTimeoutMs' | 'pullTimeoutMs'>,
  ) {}

  /**
   * @param expected what the registry must serve; without it, whatever the tag means
   * @throws UpdateError, or what the engine fails with, where nothing was handed to Swarm
   */
  async update(found: ServiceInspect, update: RunningUpdate, expected?: Expected): Promise<UpdateOutcome> {
    const patience = await this.begin(found, update);
    const { followed, digest: present } = serviceImage(found.Spec);
    const target = { image: followed, signal: update.drain.begun, hide: update.hide };
    const { descriptor, platforms, registryAuth } = await this.puller.resolve(target, expected);
    const { digest } = descriptor;
    update.note({ digest: expected?.digest ?? digest });
    const state = found.UpdateStatus?.State;
    if (present === digest && (state === undefined || state === 'completed' || state === 'rollback_completed'))
      return this.upToDate(found, update);
    const image = imageOf(withImage(found.Spec, digest, platforms));
    const isOnItsWay = ({ Spec, UpdateStatus }: ServiceInspect): boolean =>
      imageOf(Spec) === image && (UpdateStatus?.State ?? 'updating') === 'updating';
    if (isOnItsWay(found)) update.warn('Swarm was at this update already, so that nothing was handed to it');
    return this.carryOut(found, update, { kind: 'update', image }, patience, {
      isDone: isOnItsWay,
      send: (service) => {
        this.inspection.assertMayUpdate(service.Spec);
        if (serviceImage(service.Spec).followed !== followed) throw changed(service);
        const spec = withImage(service.Spec, digest, platforms);
        return this.manager.updateService(service.ID, service.Version.Index, spec, registryAuth);
      },
    });
  }

  /** Goes back to the image before by Swarm's own rollback, with the service's own rollback configuration. @throws as `update` */
  async rollBack(found: ServiceInspect, update: RunningUpdate): Promise<UpdateOutcome> {
    const patience = await this.begin(found, update);
    const image = previousImage(found);
    this.inspection.assertMayRun(found.Spec, image);
    const [followed, digest] = image.split('@');
    update.note({ image: followed, digest });
    return this.carryOut(found, update, { kind: 'rollback', image }, patience, {
      isDone: ({ Spec, UpdateStatus }) =>
        imageOf(Spec) === image && UpdateStatus?.State?.startsWith('rollback') === true,
      send: (service) => {
        this.inspection.assertMayUpdate(service.Spec);
        if (previousImage(service) !== image) throw changed(service);
        return this.manager.rollBackService(service.ID, service.Version.Index, service.Spec);
      },
    });
  }

  /** All that comes before the registry is asked. */
  private async begin(found: ServiceInspect, update: RunningUpdate): Promise<ServiceDeadlines> {
    const { Spec } = found;
    update.note(findingsOfService(found));
    update.note(await this.inspection.inspect(found));
    const { options, warnings } = this.inspection.optionsOf(Spec);
    update.hide(this.disclosure.secretsOfService(Spec));
    update.warn(...warnings);
    await update.enter('pull');
    const { Delay = 0, Monitor } = Spec.UpdateConfig ?? {};
    const monitorMs = Monitor ? Monitor / nsPerMs : defaultMonitorMs;
    return {
      settleMs: options.settleMs,
      stepMs: (options.timeoutMs ?? this.settings.proofTimeoutMs) + Delay / nsPerMs + monitorMs,
      pullMs: this.settings.pullTimeoutMs,
    };
  }

  private async upToDate(found: ServiceInspect, { findings }: RunningUpdate): Promise<UpdateOutcome> {
    const tasks = await this.manager.listTasks(found.ID, ['running']);
    return { ...findings, status: 'succeeded', result: 'up_to_date', running: isServed({ service: found, tasks }) };
  }

  private async carryOut(
    found: ServiceInspect,
    update: RunningUpdate,
    aim: Aim,
    patience: ServiceDeadlines,
    change: Change,
  ): Promise<UpdateOutcome> {
    const { engineWaitMs: waitMs } = this.settings;
    const { drain } = update;
    await update.enter('swap');
    if (!change.isDone(found))
      update.warn(...(await submit(this.engine, this.manager, found, change, { waitMs, drain })));
    await update.enter('prove');
    let evidence: TaskEvidence | undefined;
    const { headway, look } = await watchService(this.manager, found.ID, new ServiceProgress(aim, patience), {
      drain,
      waitMs,
      onRollingBack: async (seen) => {
        evidence = await this.evidence(found.ID, aim, seen, update);
        await update.enter('rollback');
      },
    });
    if (headway.is === 'converged') return { ...update.findings, status: 'succeeded', result: 'updated' };
    evidence ??= await this.evidence(found.ID, aim, look, update);
    const { status, error } = endOf(headway, look.service, evidence, update.stage);
    return { ...update.findings, status, error };
  }

  private async evidence(id: string, { image }: Aim, { service }: Look, update: RunningUpdate): Promise<TaskEvidence> {
    const told = { logLines: this.logLinesOf(service, update), mask: update.mask };
    const evidence = await collectTaskEvidence(this.manager, id, image, service.UpdateStatus?.Message, told);
    const evidenceOf = service.Spec.Name;
    if (evidence.logTail && evidence.logTail.length > 0) update.report.log(evidence.logTail, evidenceOf);
    return { ...evidence, evidenceOf };
  }

  private logLinesOf(service: Look['service'], update: RunningUpdate): number {
    let wish: boolean | undefined;
    try {
      wish = this.inspection.optionsOf(service.Spec).options.tellsOutput;
    } catch {
      // Somebody has given it labels meanwhile that cannot be understood.
    }
    if (mayTellOutput(service, wish)) return this.settings.logTailLines;
    if (wish === undefined && this.settings.logTailLines > 0)
      update.warn(
        `the log lines of the service ${service.Spec.Name} are not told: they may hold its secrets or configs, which cannot be masked; the label ${labels.logTail}=true has them told`,
      );
    return 0;
  }
}

function imageOf({ TaskTemplate }: ServiceInspect['Spec']): string {
  return TaskTemplate.ContainerSpec?.Image ?? '';
}

function changed({ Spec }: ServiceInspect): UpdateError {
  return new UpdateError(
    'container_changed',
    'swap',
    `somebody else changed the image of the service ${Spec.Name} meanwhile, to ${imageOf(Spec)}; nothing was done to it`,
  );
}
