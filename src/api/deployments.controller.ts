import { All, Controller, Delete, Get, Logger, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type * as z from 'zod';
import { Requires, RequiresCredentials } from '../auth/access.decorators.js';
import { AuditLog } from '../auth/audit-log.service.js';
import { accountOf, CurrentCaller, may, type Caller } from '../auth/caller.js';
import { CredentialWatch } from '../auth/credential-watch.service.js';
import { insufficientScope } from '../auth/insufficient-scope.js';
import { maySee } from '../auth/visibility.js';
import type { Action } from '../config/policy/policy.schema.js';
import { isFinished, type Deployment } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import type { RedactedDeployment } from '../notify/redacted-deployment.js';
import { WaitingRoom } from '../notify/waiting-room.service.js';
import { Problem } from '../http/problem.js';
import { QueryPipe } from '../http/query.pipe.js';
import { readableBy, shownTo } from '../notify/shown-to.js';
import { QueueService } from '../queue/queue.service.js';
import { listQuery, showQuery } from './deployments.schema.js';
import { EventStreams } from './event-streams.service.js';

/** A deployment as it is shown: while it waits, with its place in the queue; 1 is next. */
export type ShownDeployment = Deployment & { position?: number };

@Controller('deployments')
@Requires('read')
export class DeploymentsController {
  private readonly logger = new Logger('Deployments');

  constructor(
    private readonly deployments: DeploymentsService,
    private readonly queue: QueueService,
    private readonly waitingRoom: WaitingRoom,
    private readonly streams: EventStreams,
    private readonly credentials: CredentialWatch,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  async list(
    @Query(new QueryPipe(listQuery)) { container, status, limit }: z.output<typeof listQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<{ deployments: ShownDeployment[] }> {
    const found = await this.deployments.newest(
      limit,
      (deployment) =>
        may(caller, 'read', deployment.container) &&
        (container === undefined || deployment.container === container) &&
        (status === undefined || deployment.status === status),
    );
    const order = await this.queue.order();
    return { deployments: found.map((deployment) => shown(readableBy(caller, deployment), order)) };
  }

  /** A known deployment, however it ended, is 200; only those who wait for the outcome get it as their status. */
  @Get(':id')
  async show(
    @Param('id') id: string,
    @Query(new QueryPipe(showQuery)) query: z.output<typeof showQuery>,
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ShownDeployment> {
    const wait = this.waitingRoom.wanted(request, query.wait);
    const deployment = await this.find(id, caller, 'read');
    if (!wait) return shown(deployment, await this.queue.order());
    const credential = this.credentials.whileValid(caller, deployment.container, response);
    const outcome = await this.waitingRoom.outcome(
      deployment,
      wait,
      response,
      (reached) => readableBy(caller, reached),
      credential,
    );
    if (outcome) return outcome;
    response.status(202).setHeader('Location', `/deployments/${id}`);
    return shown(await this.find(id, caller, 'read'), await this.queue.order());
  }

  /** Live, until the deployment ends, or the caller's credential does. */
  @Get(':id/events')
  async follow(@Param('id') id: string, @CurrentCaller() caller: Caller, @Res() response: Response): Promise<void> {
    const { container } = await this.find(id, caller, 'read');
    const snapshot = async (): Promise<ShownDeployment> =>
      shown(await this.find(id, caller, 'read'), await this.queue.order());
    const follower = {
      caller,
      account: accountOf(caller),
      isLimited: !caller.isUnrestricted,
      credential: this.credentials.whileValid(caller, container, response),
    };
    await this.streams.follow(id, snapshot, follower, response);
  }

  /**
   * Takes a deployment out of the queue: for those who may ask for what it is. One that runs is never stopped: it ends by itself, and so
   * does what waits for it.
   */
  @Delete(':id')
  @Requires('notify', 'rollback')
  async cancel(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<RedactedDeployment> {
    const found = await this.find(id, caller, 'read', 'notify', 'rollback');
    const { container, kind } = found;
    if (!may(caller, kind, container)) throw refusedCancel(caller, found, this.audit);
    if (!(await this.queue.remove(id))) {
      const present = await this.find(id, caller, kind);
      const deployment = shownTo(caller, present);
      throw isFinished(present)
        ? new Problem(409, 'already_finished', `The deployment has ended: ${present.status}.`, {}, { deployment })
        : new Problem(409, 'already_running', 'The deployment is running, and runs to its end.', {}, { deployment });
    }
    this.logger.log(`${container}: taken out of the queue`, { deploymentId: id, container, requestedBy: caller.id });
    const message = `it was taken out of the queue by ${caller.id}; nothing was touched`;
    const dropped = await this.deployments.finish(id, { status: 'dropped', error: { code: 'cancelled', message } });
    return shownTo(caller, dropped);
  }

  @All()
  @RequiresCredentials()
  refuseMethodOnList(): never {
    throw new Problem(405, 'method_not_allowed', 'Deployments can be listed with GET.', { Allow: 'GET' });
  }

  @All(':id')
  @RequiresCredentials()
  refuseMethod(): never {
    throw new Problem(405, 'method_not_allowed', 'A deployment can be read with GET, and dropped with DELETE.', {
      Allow: 'GET, DELETE',
    });
  }

  @All(':id/events')
  @RequiresCredentials()
  refuseMethodOnEvents(): never {
    throw new Problem(405, 'method_not_allowed', 'Events can be read with GET.', { Allow: 'GET' });
  }

  /**
   * The one way to a deployment for everything here.
   * @throws Problem 404, the same where there is none and where the caller may not see it
   */
  private async find(id: string, caller: Caller, ...actions: Action[]): Promise<Deployment> {
    const deployment = await this.deployments.find(id);
    if (deployment && maySee(caller, deployment.container, actions, this.audit)) return readableBy(caller, deployment);
    throw new Problem(
      404,
      'unknown_deployment',
      'This deployment is unknown, or was lost at a restart of the service.',
    );
  }
}

/** A line of the audit log, as every denial. */
function refusedCancel(caller: Caller, { container, kind }: Deployment, audit: AuditLog): Problem {
  const { id, address, pipeline } = caller;
  const facts = { from: address, who: id, ...pipeline, action: kind, container, result: 'denied' };
  audit.denied(caller, `denied: ${id} may not ${kind} ${container}, and so not cancel a ${kind} of it`, facts);
  return insufficientScope(`to cancel a ${kind} of ${container} takes the action ${kind}`, [kind]);
}

function shown(deployment: Deployment, order: string[]): ShownDeployment {
  if (deployment.status !== 'queued') return deployment;
  const place = order.indexOf(deployment.id);
  return place < 0 ? deployment : { ...deployment, position: place + 1 };
}
