import { Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { settings, type Settings } from '../config/settings.js';
import { patience } from '../http/patience.js';
import { invalidQuery } from '../http/query.pipe.js';
import { isFinished, type Deployment } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { outcomeAnswer } from './outcome-answer.js';
import type { RedactedDeployment } from './redacted-deployment.js';
import { preferredWaitSeconds, type Wait } from './wait.js';

/**
 * Lets callers wait for the outcome of a deployment, whichever request it is that asks:
 *
 *     const wait = this.waitingRoom.wanted(request, query.wait); // before anything is begun: it may refuse
 *     …
 *     const outcome = wait && (await this.waitingRoom.outcome(deployment, wait, response, show, credential));
 *     if (outcome) return outcome;
 *     // the answer to those who do not wait, or whose preference could not be met
 */
@Injectable()
export class WaitingRoom {
  constructor(
    private readonly deployments: DeploymentsService,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'waitLimitMs'>,
  ) {}

  /**
   * How long a request wants to wait: by `?wait=`, else by `Prefer: wait=`, which is cut to the limit.
   * @throws Problem 400 where `?wait=` is above the limit
   */
  wanted(request: Request, querySeconds: number | undefined): Wait | undefined {
    const limit = Math.floor(this.settings.waitLimitMs / 1000);
    if (querySeconds !== undefined) {
      if (querySeconds > limit) throw invalidQuery(`wait must be a whole number from 0 to ${limit}`);
      return { seconds: querySeconds, by: 'query' };
    }
    const preferred = preferredWaitSeconds(request.headers.prefer as string | undefined);
    return preferred === undefined ? undefined : { seconds: Math.min(preferred, limit), by: 'preference' };
  }

  /**
   * Waits for the end of a deployment and answers with its record, status 200. Undefined where the caller merely
   * preferred to wait and it has not ended. A caller that hangs up cancels nothing.
   * @param show what of the record the caller may see
   * @param credential aborted, with the Problem to answer as its reason, when the caller must not wait any longer
   * @throws Problem as `outcomeAnswer` says, where it did not succeed
   */
  async outcome<Shown extends RedactedDeployment>(
    deployment: Deployment,
    wait: Wait,
    response: Response,
    show: (deployment: Deployment) => Shown,
    credential: AbortSignal,
  ): Promise<Shown | undefined> {
    const limit = patience(response, wait.seconds * 1000, credential);
    const present = await this.deployments.untilFinished(deployment.id, limit.signal).finally(() => {
      limit.end();
    });
    credential.throwIfAborted();
    const reached = present ?? deployment;
    response.vary('Prefer');
    if (wait.by === 'preference') {
      response.setHeader('Preference-Applied', `wait=${wait.seconds}`);
      if (!isFinished(reached)) return undefined;
    }
    const outcome = outcomeAnswer(show(reached));
    response.status(200);
    return outcome;
  }
}
