import { All, Controller, HttpCode, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import * as z from 'zod';
import { Requires, RequiresCredentials } from '../auth/access.decorators.js';
import { CurrentCaller, type Caller } from '../auth/caller.js';
import type { Deployment } from '../deployments/deployment.js';
import { waitSeconds } from '../deployments/wait.js';
import { BodyLimitGuard } from '../http/body-limit.guard.js';
import { Problem } from '../http/problem.js';
import { QueryPipe } from '../http/query.pipe.js';
import { AcceptingService, type Accepted } from './accepting.service.js';
import { ContainerNamePipe } from './container-name.pipe.js';
import { digestParameter } from './digest.js';

/** What a notify may ask for. */
export const notifyQuery = z.object({ wait: waitSeconds, digest: digestParameter });

@Controller('notify')
@Requires('notify')
@UseGuards(BodyLimitGuard)
export class NotifyController {
  constructor(private readonly accepting: AcceptingService) {}

  /** Accepts the update of a container. The answer waits for the outcome only where the caller asks for it. */
  @Post(':container')
  @HttpCode(202)
  notify(
    @Param('container', ContainerNamePipe) container: string,
    @Query(new QueryPipe(notifyQuery)) { wait, digest }: z.output<typeof notifyQuery>,
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Accepted | Deployment> {
    return this.accepting.accept({ kind: 'notify', container, caller, wait, digest }, request, response);
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
