import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { Engine } from './engine/engine.js';
import type { Drain } from './engine/shutdown-signals.js';
import { EngineLock } from './instance/engine-lock.js';
import { OtherInstances } from './instance/other-instances.js';
import type { SelfUpdateResult } from './instance/self-update-result.js';
import { SelfUpdate } from './instance/self-update.js';
import { Recovery } from './recovery/recovery.js';
import { Disclosure } from './report/disclosure.js';
import { failureOf } from './report/failure.js';
import { PreviousUpdateSource } from './runner/previous.update-source.js';
import { RegistryUpdateSource } from './runner/registry.update-source.js';
import type { UpdateRequest } from './runner/update-request.js';
import { UpdateRunner } from './runner/update-runner.js';
import type { UpdateSource } from './runner/update-source.js';
import { awaitEngine } from './update/await-engine.js';
import type { FailureCode, UpdateOutcome } from './update/outcome.js';
import { RunningUpdate, type Report } from './update/running-update.js';

/** After these failures the engine may hold remains of the update that could not be cleared away. */
const mayLeaveRemains = new Set<FailureCode>([
  'engine_unreachable',
  'engine_timeout',
  'engine_error',
  'internal_error',
]);

export interface Recovered {
  /** The names of containers that need a repair by hand. */
  undone: string[];
  /** How updates of the service's own container ended meanwhile. */
  selfUpdates: SelfUpdateResult[];
}

/**
 * Updates one container, or one service of a Swarm: pulls the image that it is configured with and, where it changed, puts a replacement in its
 * place. The old container is kept until the replacement has proved itself; whatever fails before, it runs again, itself.
 */
@Injectable()
export class DockerService {
  private mayHoldRemains = true;

  constructor(
    private readonly engine: Engine,
    private readonly lock: EngineLock,
    private readonly others: OtherInstances,
    private readonly recovery: Recovery,
    private readonly selfUpdate: SelfUpdate,
    private readonly disclosure: Disclosure,
    private readonly runner: UpdateRunner,
    private readonly registry: RegistryUpdateSource,
    private readonly previous: PreviousUpdateSource,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engineWaitMs'>,
  ) {}

  /** @throws EngineUnreachable, EngineTimeout or EngineError where the engine does not answer well */
  ping(signal?: AbortSignal): Promise<void> {
    return this.engine.ping(signal);
  }

  /** Whether an interrupted update may be there that has not been put right: at the start, and after some failures. */
  get mustRecover(): boolean {
    return this.mayHoldRemains;
  }

  /** @throws UpdateError `another_instance` where another container of this service works on the engine; where the engine is away */
  async assertAlone(): Promise<void> {
    await this.engine.connect();
    await this.others.assertNone(await this.engine.listContainers());
  }

  /**
   * Puts right what interrupted updates left behind.
   * @throws where the engine is away, and where another instance works on it
   */
  async recover(drain: Drain): Promise<Recovered> {
    await this.engine.connect(drain.begun);
    const selfUpdates = await this.selfUpdate.awaitHelpers(drain);
    const { undone } = await this.lock.hold(drain, async () => {
      const present = await this.engine.listContainers();
      await this.others.assertNone(present);
      return this.recovery.run(present, drain);
    });
    this.mayHoldRemains = false;
    return { undone, selfUpdates };
  }

  /** Never throws: expected failures and bugs alike are outcomes. */
  update(name: string, report: Report, drain: Drain, request: UpdateRequest): Promise<UpdateOutcome> {
    return this.run(name, new RunningUpdate(report, drain, 'update', request.startStopped), request, this.registry);
  }

  /** Goes back to the image that ran before, by the very stages of an update. Never throws. */
  rollBack(name: string, report: Report, drain: Drain, request: UpdateRequest): Promise<UpdateOutcome> {
    return this.run(name, new RunningUpdate(report, drain, 'rollback'), request, this.previous);
  }

  private async run(
    name: string,
    update: RunningUpdate,
    request: UpdateRequest,
    source: UpdateSource,
  ): Promise<UpdateOutcome> {
    const { drain } = update;
    try {
      update.hide(await this.disclosure.ownSecrets());
      await awaitEngine(this.engine, this.settings.engineWaitMs, drain);
      await update.enter('recover');
      const result = await this.lock.hold(drain, () => this.runner.run(name, update, request, source));
      // Waited for without the lock, which the helper needs.
      if ('helperId' in result) return { ...update.findings, ...(await this.selfUpdate.end(result.helperId, drain)) };
      if (result.leavesRemains) this.mayHoldRemains = true;
      return result.outcome;
    } catch (error) {
      const failure = failureOf(error, update);
      if (mayLeaveRemains.has(failure.error.code)) this.mayHoldRemains = true;
      return { ...update.findings, ...failure };
    }
  }
}
