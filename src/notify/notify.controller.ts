import { Controller, HttpCode, Post } from '@nestjs/common';
import * as z from 'zod';
import { Requires } from '../auth/access.decorators.js';
import type { Verdict } from '../deployments/verdict.js';
import { waitSeconds } from '../deployments/wait.js';
import type { UpdatePlan } from '../docker/plan/plan.js';
import { AcceptingService, type Accepted } from './accepting.service.js';
import { ContainerPostController } from './container-post.controller.js';
import { Posted, type ContainerPost } from './container-post.decorator.js';
import { digestParameter } from './digest.js';
import { startParameter } from './start.js';
import { hostParameter, parallelParameter } from './fleet-parameters.js';
import { DryRunService, dryRunParameter } from './dry-run.service.js';
import { retryParameter } from './retry.js';
import { targetParameter } from './target.js';

/** What a notify may ask for. */
export const notifyQuery = z.object({
  wait: waitSeconds,
  digest: digestParameter,
  start: startParameter,
  dry_run: dryRunParameter,
  retry: retryParameter,
  kind: targetParameter,
  host: hostParameter,
  parallel: parallelParameter,
});

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
  notify(
    @Posted(notifyQuery) { container, query, caller, request, response }: ContainerPost<typeof notifyQuery>,
  ): Promise<Accepted | Verdict | UpdatePlan> {
    const { wait, digest, dry_run, retry, start: startStopped, kind: target, host, parallel } = query;
    if (dry_run) return this.dryRun.plan(container, { target, startStopped }, caller, response);
    const wishes = { target, digest, retry, startStopped, host, parallel };
    const asked = { kind: 'notify' as const, container, caller, wait, ...wishes };
    return this.accepting.accept(asked, request, response);
  }
}
