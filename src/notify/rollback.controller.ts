import { Controller, HttpCode, Post } from '@nestjs/common';
import * as z from 'zod';
import { Requires } from '../auth/access.decorators.js';
import type { Verdict } from '../deployments/verdict.js';
import { waitSeconds } from '../deployments/wait.js';
import { AcceptingService, type Accepted } from './accepting.service.js';
import { ContainerPostController } from './container-post.controller.js';
import { Posted, type ContainerPost } from './container-post.decorator.js';
import { hostParameter, parallelParameter } from './fleet-parameters.js';
import { targetParameter } from './target.js';

/** What a request to go back may ask for. */
export const rollbackQuery = z.object({
  wait: waitSeconds,
  kind: targetParameter,
  host: hostParameter,
  parallel: parallelParameter,
});

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
  rollBack(
    @Posted(rollbackQuery) { container, query, caller, request, response }: ContainerPost<typeof rollbackQuery>,
  ): Promise<Accepted | Verdict> {
    const { wait, kind: target, host, parallel } = query;
    const asked = { kind: 'rollback' as const, container, target, caller, wait, host, parallel };
    return this.accepting.accept(asked, request, response);
  }
}
