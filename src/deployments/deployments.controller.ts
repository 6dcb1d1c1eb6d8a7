import { All, Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import * as z from 'zod';
import { Requires, RequiresCredentials } from '../auth/access.decorators.js';
import { CurrentCaller, type Caller } from '../auth/caller.js';
import { maySee } from '../auth/visibility.js';
import { Problem } from '../http/problem.js';
import { QueryPipe } from '../http/query.pipe.js';
import type { Deployment } from './deployment.js';
import { DeploymentsService } from './deployments.service.js';
import { waitSeconds } from './wait.js';
import { WaitingRoom } from './waiting-room.service.js';

const showQuery = z.object({ wait: waitSeconds });

@Controller('deployments')
@Requires('read')
export class DeploymentsController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly waitingRoom: WaitingRoom,
  ) {}

  /** A known deployment, however it ended, is 200; only those who wait for the outcome get it as their status. */
  @Get(':id')
  async show(
    @Param('id') id: string,
    @Query(new QueryPipe(showQuery)) query: z.output<typeof showQuery>,
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Deployment> {
    const wait = this.waitingRoom.wanted(request, query.wait);
    const deployment = await this.find(id, caller);
    if (!wait) return deployment;
    const outcome = await this.waitingRoom.outcome(deployment, wait, response);
    if (outcome) return outcome;
    response.status(202).setHeader('Location', `/deployments/${id}`);
    return this.find(id, caller);
  }

  @All(':id')
  @RequiresCredentials()
  refuseMethod(): never {
    throw new Problem(405, 'method_not_allowed', 'A deployment can be read with GET.', { Allow: 'GET' });
  }

  /** @throws Problem 404, the same where there is none and where the caller may not see it */
  private async find(id: string, caller: Caller): Promise<Deployment> {
    const deployment = await this.deployments.find(id);
    if (deployment && maySee(caller, deployment.container)) return deployment;
    throw new Problem(
      404,
      'unknown_deployment',
      'This deployment is unknown, or was lost at a restart of the service.',
    );
  }
}
