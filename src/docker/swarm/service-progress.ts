import { isPulling, judgeService, runningTasks, type Aim, type Look, type ServiceVerdict } from './convergence.js';

/** How long things may take, in milliseconds. */
export interface ServiceDeadlines {
  /** For how long the same tasks must run. */
  settleMs: number;
  /** Until one more task runs. */
  stepMs: number;
  /** The same while a node gets the image. */
  pullMs: number;
}

/**
 * What is known of an update after another look: `overdue` where it makes no headway; `failing` where Swarm calls it done, or has
 * nothing to do, and the tasks end again and again.
 */
export type Headway = ServiceVerdict | { is: 'overdue'; afterMs: number; wasRollingBack: boolean } | { is: 'failing' };

/** One may end for many a reason, a node that goes away say. */
const mostLost = 3;

/**
 * Follows a service from look to look. A rolling update of many tasks takes long, so that not the whole has a deadline but
 * each step: the next task that runs. There are as many steps as tasks, so that the whole has an end too. Knows no clock.
 */
export class ServiceProgress {
  private steadyIds = '';
  private steadySinceMs = 0;
  private stepSinceMs: number | undefined;
  private mostRunning = 0;
  private isRollingBack = false;
  private present: readonly string[] = [];
  private lost = 0;

  constructor(
    private readonly aim: Aim,
    private readonly patience: ServiceDeadlines,
  ) {}

  /** @param nowMs of any clock that never goes back */
  see(look: Look, nowMs: number): Headway {
    const { settleMs, stepMs, pullMs } = this.patience;
    const running = runningTasks(look);
    const ids = running
      .map(({ ID }) => ID)
      .sort()
      .join();
    if (ids !== this.steadyIds) this.steadySinceMs = nowMs;
    this.steadyIds = ids;
    const verdict = judgeService(look, this.aim, nowMs - this.steadySinceMs, settleMs);
    const turnsBack = verdict.is === 'rolling_back' && !this.isRollingBack;
    if (turnsBack) this.isRollingBack = true;
    if (turnsBack || this.stepSinceMs === undefined || running.length > this.mostRunning) {
      this.stepSinceMs = nowMs;
      this.mostRunning = running.length;
    }
    if (verdict.is !== 'waiting' && verdict.is !== 'rolling_back') return verdict;
    if (verdict.is === 'waiting' && this.losesTasks(look)) return { is: 'failing' };
    const afterMs = nowMs - this.stepSinceMs;
    const isOverdue = afterMs > (isPulling(look) ? Math.max(pullMs, stepMs) : stepMs);
    return isOverdue ? { is: 'overdue', afterMs, wasRollingBack: this.isRollingBack } : verdict;
  }

  /** While Swarm replaces tasks they come and go, and it counts failures itself. */
  private losesTasks({ service, tasks }: Look): boolean {
    const isReplacing = /updating|rollback_started/.test(service.UpdateStatus?.State ?? '');
    const started = tasks.filter(
      ({ DesiredState, Status }) => DesiredState === 'running' && Status.State !== 'pending',
    );
    const ids = started.map(({ ID }) => ID);
    if (!isReplacing) this.lost += this.present.filter((id) => !ids.includes(id)).length;
    this.present = isReplacing ? [] : ids;
    return this.lost >= mostLost;
  }
}
