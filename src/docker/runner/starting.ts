import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { ContainerRules } from '../rules/container-rules.js';
import { orRefused } from '../prepare/derivation.js';
import { Engine } from '../engine/engine.js';
import { evidenceTerms, lookForEvidence } from '../report/evidence.js';
import { failureOf } from '../report/failure.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import type { UpdateOutcome } from '../update/outcome.js';
import { prove } from '../cutover/proof.js';
import { proofOfUpdate } from '../rules/proof-policy.js';
import type { RunningUpdate } from '../update/running-update.js';
import { Startability } from '../prepare/startability.js';
import { startContainer } from '../engine/start.js';
import { stopContainer } from '../cutover/stop.js';
import { leftStopped, startedAgain } from '../prepare/stopped.js';
import type { UpdateOptions } from '../rules/update-options.js';
import { nameOf } from '../engine/container.js';
import type { Subjects } from '../update/subject.js';

/** Starts a container that is up to date and does not run, if that is wanted. */
@Injectable()
export class Starting {
  constructor(
    private readonly engine: Engine,
    private readonly rules: ContainerRules,
    private readonly startability: Startability,
    @Inject(settings.KEY)
    private readonly settings: Pick<Settings, 'proofTimeoutMs' | 'unhealthyGraceMs' | 'logTailLines'>,
  ) {}

  /** Ends an update of a container that is up to date. If one that was started fails its proof, it is stopped, as before. */
  async finish([target]: Subjects, update: RunningUpdate): Promise<UpdateOutcome> {
    const { old, oldImage } = target;
    const upToDate = { ...update.findings, status: 'succeeded', result: 'up_to_date', running: true } as const;
    if (old.State.Running) return upToDate;
    const { policy, options } = orRefused(() => {
      const found = this.rules.optionsOf(nameOf(old), labelsOfUser(old, oldImage), old.Config.Labels ?? {});
      return { policy: proofOfUpdate(old, found, this.settings), options: found };
    });
    if (!update.startStopped && !options.startStopped) {
      // A dry run refuses it too, and so does an update to another image.
      await this.startability.assure([target]);
      update.warn(leftStopped(old, await this.startability.whyNotItself(old)));
      return { ...upToDate, ...update.findings, running: false };
    }
    await this.startability.assureItself(target);
    try {
      await update.enter('swap');
      await startContainer(this.engine, old.Id);
      await update.enter('prove');
      await prove(this.engine, old.Id, policy, update.drain);
    } catch (error) {
      return this.stopAgain(old.Id, options, error, update);
    }
    update.warn(startedAgain(old));
    return { ...upToDate, ...update.findings };
  }

  private async stopAgain(
    id: string,
    options: UpdateOptions,
    cause: unknown,
    update: RunningUpdate,
  ): Promise<UpdateOutcome> {
    const failure = failureOf(cause, update);
    const told = evidenceTerms(options, this.settings.logTailLines, update.mask);
    const readEvidence = await lookForEvidence(this.engine, id, told);
    try {
      await stopContainer(this.engine, await this.engine.inspectContainer(id), 'rollback');
    } catch (error) {
      update.warn(`it could not be stopped again: ${(error as Error).message}`);
    }
    const evidence = await readEvidence();
    if (evidence.logTail && evidence.logTail.length > 0) update.report.log(evidence.logTail);
    const error = { ...failure.error, ...evidence, exitCode: evidence.exitCode ?? failure.error.exitCode };
    return { ...update.findings, status: failure.status === 'dropped' ? 'dropped' : 'failed', error };
  }
}
