import { Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Requires } from '../auth/access.decorators.js';
import { CurrentCaller, type Caller } from '../auth/caller.js';
import type { RedactedDeployment } from './redacted-deployment.js';
import type { UpdatePlan } from '../docker/plan/plan.js';
import { QueryPipe } from '../http/query.pipe.js';
import { refuseLongBody } from '../http/request-limits.js';
import { AcceptingService, type Accepted } from './accepting.service.js';
import { ContainerNamePipe } from './container-name.pipe.js';
import { ContainerPostController } from './container-post.controller.js';
import { DryRunService } from './dry-run.service.js';
import { notifyQuery, type NotifyQuery } from './parameters.js';

@Controller('notify')
@Requires('notify')
export class NotifyController extends ContainerPostController {
  protected readonly asked = 'notify';

  constructor(
    private readonly accepting: AcceptingService,
    private readonly dryRun: DryRunService,
  ) {
    super();
  }

  /** Accepts the update of a container, or says what would become of one. The answer waits for the outcome only where the caller asks for it. */
  @Post(':container')
  @HttpCode(202)
  async notify(
    @Param('container', new ContainerNamePipe()) container: string,
    @Query(new QueryPipe(notifyQuery)) query: NotifyQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Accepted | RedactedDeployment | UpdatePlan> {
    refuseLongBody(request);
    const { wait, digest, dry_run, retry, start: startStopped, kind: target, host, parallel } = query;
    if (dry_run) return this.dryRun.plan(container, { target, startStopped }, caller, response);
    const wishes = { target, digest, retry, startStopped, host, parallel };
    const asked = { kind: 'notify' as const, container, caller, wait, ...wishes };
    return this.accepting.accept(asked, request, response);
  }
}
