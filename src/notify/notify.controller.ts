import { All, Controller, HttpCode, Logger, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import * as z from 'zod';
import { Requires, RequiresCredentials } from '../auth/access.decorators.js';
import { containersFor, CurrentCaller, type Caller } from '../auth/caller.js';
import { PolicyFile } from '../config/policy/policy-file.js';
import type { Deployment } from '../deployments/deployment.js';
import { waitSeconds } from '../deployments/wait.js';
import { WaitingRoom } from '../deployments/waiting-room.service.js';
import { BodyLimitGuard } from '../http/body-limit.guard.js';
import { Problem } from '../http/problem.js';
import { QueryPipe } from '../http/query.pipe.js';
import { QueueFull, QueueService } from '../queue/queue.service.js';
import { WorkerService } from '../queue/worker.service.js';
import { ContainerNamePipe } from './container-name.pipe.js';

/** What a notify may ask for. */
export const notifyQuery = z.object({ wait: waitSeconds });

/** The answer to a notify that was accepted. `position` is the place in the queue; 1 is next. */
export interface Accepted {
  container: string;
  id: string;
  status: string;
  coalesced: boolean;
  position: number;
}

@Controller('notify')
@Requires('notify')
@UseGuards(BodyLimitGuard)
export class NotifyController {
  private readonly logger = new Logger('Notify');

  constructor(
    private readonly queue: QueueService,
    private readonly worker: WorkerService,
    private readonly waitingRoom: WaitingRoom,
    private readonly policy: PolicyFile,
  ) {}

  /** Accepts the update of a container. The answer waits for the outcome only where the caller asks for it. */
  @Post(':container')
  @HttpCode(202)
  async notify(
    @Param('container', ContainerNamePipe) container: string,
    @Query(new QueryPipe(notifyQuery)) query: z.output<typeof notifyQuery>,
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Accepted | Deployment> {
    const wait = this.waitingRoom.wanted(request, query.wait);
    const { frozenBecause } = this.policy.current();
    if (frozenBecause !== undefined) throw unavailable('frozen', `Updates are frozen: ${frozenBecause}`, 300);
    if (this.worker.isStopping)
      throw unavailable('stopping', 'The service is stopping; nothing was enqueued. Ask again in a moment.', 5);
    const { deployment, position, coalesced } = await this.queue
      .add(container, caller.id, containersFor(caller, 'notify'))
      .catch(rethrowAsProblem);
    this.logger.log(`accepted ${container}${coalesced ? ', joining the request that waits' : ''}`, {
      deploymentId: deployment.id,
      container,
      position,
      coalesced,
      requestedBy: caller.id,
      from: caller.address,
      requestId: String(response.locals.requestId),
    });
    response.setHeader('Location', `/deployments/${deployment.id}`);
    const outcome = wait && (await this.waitingRoom.outcome(deployment, wait, response));
    return outcome ?? { container, id: deployment.id, status: 'queued', coalesced, position };
  }

  @Post()
  @RequiresCredentials()
  refuseMissingName(): never {
    return new ContainerNamePipe().transform('') as never;
  }

  @All(['', ':container'])
  @RequiresCredentials()
  refuseMethod(): never {
    throw new Problem(405, 'method_not_allowed', 'A notify is a POST.', { Allow: 'POST' });
  }
}

function rethrowAsProblem(error: unknown): never {
  if (error instanceof QueueFull)
    throw unavailable('queue_full', `The queue is full: ${error.message}. Nothing was enqueued; ask again later.`, 10);
  throw error;
}

function unavailable(code: string, detail: string, retryAfterSeconds: number): Problem {
  return new Problem(503, code, detail, { 'Retry-After': String(retryAfterSeconds) });
}
