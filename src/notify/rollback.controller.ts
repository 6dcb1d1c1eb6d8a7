import { Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Requires } from '../auth/access.decorators.js';
import { CurrentCaller, type Caller } from '../auth/caller.js';
import type { RedactedDeployment } from './redacted-deployment.js';
import { QueryPipe } from '../http/query.pipe.js';
import { refuseLongBody } from '../http/request-limits.js';
import { AcceptingService, type Accepted } from './accepting.service.js';
import { ContainerNamePipe } from './container-name.pipe.js';
import { ContainerPostController } from './container-post.controller.js';
import { rollbackQuery, type RollbackQuery } from './parameters.js';

@Controller('rollback')
@Requires('rollback')
export class RollbackController extends ContainerPostController {
  protected readonly asked = 'rollback';

  constructor(private readonly accepting: AcceptingService) {
    super();
  }

  /** Accepts that a container goes back to the image that it ran before its last update. The answer waits for the outcome only where the caller asks for it. */
  @Post(':container')
  @HttpCode(202)
  async rollBack(
    @Param('container', new ContainerNamePipe()) container: string,
    @Query(new QueryPipe(rollbackQuery)) query: RollbackQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Accepted | RedactedDeployment> {
    refuseLongBody(request);
    const { wait, kind: target, host, parallel } = query;
    const asked = { kind: 'rollback' as const, container, target, caller, wait, host, parallel };
    return this.accepting.accept(asked, request, response);
  }
}
