import { All, Controller, HttpCode, Logger, Param, Post, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { BearerGuard } from '../auth/bearer.guard.js';
import { CurrentCaller, type Caller } from '../auth/caller.js';
import { BodyLimitGuard } from '../http/body-limit.guard.js';
import { Problem } from '../http/problem.js';
import { QueueFull, QueueService } from '../queue/queue.service.js';
import { WorkerService } from '../queue/worker.service.js';
import { ContainerNamePipe } from './container-name.pipe.js';

/** The answer to a notify that was accepted. `position` is the place in the queue; 1 is next. */
export interface Accepted {
  container: string;
  id: string;
  status: string;
  coalesced: boolean;
  position: number;
}

@Controller('notify')
@UseGuards(BearerGuard, BodyLimitGuard)
export class NotifyController {
  private readonly logger = new Logger('Notify');

  constructor(
    private readonly queue: QueueService,
    private readonly worker: WorkerService,
  ) {}

  /** Accepts the update of a container; the answer does not wait for Docker. */
  @Post(':container')
  @HttpCode(202)
  async notify(
    @Param('container', ContainerNamePipe) container: string,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Accepted> {
    if (this.worker.isStopping)
      throw unavailable('stopping', 'The service is stopping; nothing was enqueued. Ask again in a moment.', 5);
    const { deployment, position, coalesced } = await this.queue.add(container, caller.id).catch(rethrowAsProblem);
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
    return { container, id: deployment.id, status: 'queued', coalesced, position };
  }

  @Post()
  refuseMissingName(): never {
    return new ContainerNamePipe().transform('') as never;
  }

  @All(['', ':container'])
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
