import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { accountOf, containersFor, may, type Caller } from '../auth/caller.js';
import { CredentialWatch } from '../auth/credential-watch.service.js';
import { PolicyFile } from '../config/policy/policy-file.js';
import type { Deployment, DeploymentKind, TargetKind } from '../deployments/deployment.js';
import type { RedactedDeployment } from './redacted-deployment.js';
import { WaitingRoom } from './waiting-room.service.js';
import { Problem, unavailable } from '../http/problem.js';
import { wholeBody } from '../http/request-body.js';
import { isRound, WindowCounter } from '../http/window-counter.js';
import { invalidQuery } from '../http/query.pipe.js';
import { Ambiguous, QueueFull, QueueService, type Enqueued } from '../queue/queue.service.js';
import { WorkerService } from '../queue/worker.service.js';
import { shownTo } from './shown-to.js';

/** The answer to a request that was accepted. */
export interface Accepted {
  container: string;
  id: string;
  status: 'queued';
  coalesced: boolean;
  /** The place in the queue; 1 is next. */
  position: number;
}

/** Who asks for what. */
export interface Asked {
  kind: DeploymentKind;
  container: string;
  /** What that name has to mean. */
  target?: TargetKind;
  caller: Caller;
  /** The registry's digest that it expects. */
  digest?: string;
  /** Whether an image from which an update was rolled back is tried again. */
  retry?: boolean;
  /** Whether a container that does not run is to be started. */
  startStopped?: boolean;
  /** The host that is meant, in a fleet, and on how many at once. */
  host?: string;
  parallel?: number;
  /** How long to wait for the outcome, as the query says it. */
  wait: Parameters<WaitingRoom['wanted']>[1];
}

/** Accepts what is asked of a container, whatever it is: the one way into the queue. */
@Injectable()
export class AcceptingService {
  private readonly logger = new Logger('Notify');
  private readonly joined = new WindowCounter();

  constructor(
    private readonly queue: QueueService,
    private readonly worker: WorkerService,
    private readonly waitingRoom: WaitingRoom,
    private readonly policy: PolicyFile,
    private readonly credentials: CredentialWatch,
  ) {}

  /** The answer waits for the outcome only where the caller asks for it. @throws Problem where nothing was enqueued */
  async accept(
    { kind, container, target, caller, digest, retry, startStopped, host, parallel, wait: asked }: Asked,
    request: Request,
    response: Response,
  ): Promise<Accepted | RedactedDeployment> {
    const wait = this.waitingRoom.wanted(request, asked);
    if ((host ?? parallel) !== undefined && !this.queue.isDurable)
      throw invalidQuery('host and parallel are for a fleet: this service has no REDIS_URL');
    await wholeBody(request);
    const { frozenBecause } = this.policy.current();
    if (frozenBecause !== undefined) throw unavailable('frozen', `Updates are frozen: ${frozenBecause}`, 300);
    if (this.worker.isStopping)
      throw unavailable('stopping', 'The service is stopping; nothing was enqueued. Ask again in a moment.', 5);
    const enqueued = await this.queue
      .add(container, caller.id, {
        ...{ kind, target, digest, retry, startStopped, host, parallel },
        mayUpdate: containersFor(caller, kind),
        account: accountOf(caller),
        isLimited: !caller.isUnrestricted,
        // A notify that comes to nothing must not have undone a rollback that its caller could not have asked for.
        maySupersede: kind === 'rollback' || may(caller, 'rollback', container),
      })
      .catch(rethrowAsProblem);
    const { deployment, position, coalesced } = enqueued;
    const line = `accepted ${kind} ${container}${coalesced ? ', joining the request that waits' : ''}`;
    const facts = {
      deploymentId: deployment.id,
      kind,
      container,
      target,
      digest,
      startStopped,
      position,
      coalesced,
      requestedBy: caller.id,
      from: caller.address,
      ...caller.pipeline,
    };
    if (!coalesced || this.isNews(deployment.id, caller)) this.logger.log(line, facts);
    else this.logger.debug(line, facts);
    response.setHeader('Location', `/deployments/${deployment.id}`);
    const show = (reached: Deployment): RedactedDeployment => shownTo(caller, reached);
    if (!wait) return accepted(enqueued);
    const credential = this.credentials.whileValid(caller, container, response);
    const outcome = await this.waitingRoom.outcome(deployment, wait, response, show, credential);
    return outcome ?? accepted(enqueued);
  }

  /** Whether joining a request tells something new: each caller has a line when it joins one first, and then at each doubling. */
  private isNews(deploymentId: string, caller: Caller): boolean {
    return isRound(this.joined.add(`${deploymentId} ${accountOf(caller)}`).count);
  }
}

function accepted({ deployment: { container, id }, coalesced, position }: Enqueued): Accepted {
  return { container, id, status: 'queued', coalesced, position };
}

function rethrowAsProblem(error: unknown): never {
  if (error instanceof Ambiguous)
    throw new Problem(409, 'ambiguous_container', `${error.message}. Nothing was enqueued; say which with ?host=.`);
  if (error instanceof QueueFull)
    throw unavailable('queue_full', `The queue is full: ${error.message}. Nothing was enqueued; ask again later.`, 10);
  throw error;
}
