import { Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { accountOf, containersFor, type Caller } from '../auth/caller.js';
import { SharedPlaces } from '../common/shared-places.js';
import { PolicyFile } from '../config/policy/policy-file.js';
import { settings, type Settings } from '../config/settings.js';
import { EngineError, EngineTimeout, EngineUnreachable } from '../docker/engine/engine-error.js';
import type { UpdatePlan } from '../docker/plan/plan.js';
import { Planner, type PlanWishes } from '../docker/plan/planner.js';
import { patience } from '../http/patience.js';
import { Problem, unavailable } from '../http/problem.js';
import { permits } from '../queue/permissions.js';

const deadlineMs = 20_000;
/** Each looks at every container of the engine. */
const places = 4;
const retryAfterSeconds = 10;

/**
 * Answers what a notify would do. The one request that asks the engine: nobody could wait in the queue for an answer that
 * is to come before anything is decided. So few are let in at once, callers share their places, and none waits for long.
 */
@Injectable()
export class DryRunService {
  private readonly running = new SharedPlaces(places);

  constructor(
    private readonly planner: Planner,
    private readonly policy: PolicyFile,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'role'>,
  ) {}

  /** @throws Problem 503 where the engine does not answer well or in time, and where too many ask at once */
  async plan(container: string, wishes: PlanWishes, caller: Caller, response: Response): Promise<UpdatePlan> {
    if (this.settings.role === 'api')
      throw new Problem(
        501,
        'no_engine',
        'This instance has no engine that could be asked; a notify goes to the hosts.',
      );
    const release = this.take(caller);
    const granted = [containersFor(caller, 'notify')];
    const limit = patience(response, deadlineMs);
    // It keeps its place until it has really ended: each call to the engine has a deadline of its own.
    const planned = this.planner.plan(container, (names) => permits(granted, names), wishes).finally(release);
    try {
      const plan = await Promise.race([planned, endOf(limit.signal)]);
      response.status(200);
      return this.withFreeze(plan);
    } catch (error) {
      throw asProblem(error);
    } finally {
      limit.end();
    }
  }

  /** @throws Problem 503 */
  private take(caller: Caller): () => void {
    const account = accountOf(caller);
    const release = this.running.take({ account, isLimited: !caller.isUnrestricted });
    if (release) return release;
    const { total, size } = this.running;
    const reason =
      total < size
        ? `This caller has ${this.running.ownOf(account)} dry runs going on already, and the rest is kept for others`
        : `${total} dry runs are going on already`;
    throw unavailable('too_many_dry_runs', `${reason}; ask again in a moment.`, retryAfterSeconds);
  }

  /** A freeze is no trait of the container: the plan holds for the time after it. */
  private withFreeze(plan: UpdatePlan): UpdatePlan {
    const { frozenBecause } = this.policy.current();
    if (frozenBecause === undefined || !plan.eligible) return plan;
    const warning = `updates are frozen (${frozenBecause}): until that is over a notify is answered 503`;
    return { ...plan, warnings: [...plan.warnings, warning] };
  }
}

/** Never resolves; rejects once the signal is aborted. */
function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(new EngineTimeout(`the engine did not show all that a plan needs within ${deadlineMs / 1000} s`));
      },
      { once: true },
    );
  });
}

function asProblem(error: unknown): unknown {
  if (error instanceof EngineUnreachable) return unavailable('engine_unreachable', error.message, retryAfterSeconds);
  if (error instanceof EngineTimeout) return unavailable('engine_timeout', error.message, retryAfterSeconds);
  if (error instanceof EngineError) return unavailable('engine_error', error.message, retryAfterSeconds);
  return error;
}
