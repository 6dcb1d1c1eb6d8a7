import { All, Controller, Get, Param, UseGuards } from '@nestjs/common';
import { BearerGuard } from '../auth/bearer.guard.js';
import { Problem } from '../http/problem.js';
import type { Deployment } from './deployment.js';
import { DeploymentsService } from './deployments.service.js';

@Controller('deployments')
@UseGuards(BearerGuard)
export class DeploymentsController {
  constructor(private readonly deployments: DeploymentsService) {}

  @Get(':id')
  async show(@Param('id') id: string): Promise<Deployment> {
    const deployment = await this.deployments.find(id);
    if (!deployment)
      throw new Problem(
        404,
        'unknown_deployment',
        'This deployment is unknown, or was lost at a restart of the service.',
      );
    return deployment;
  }

  @All(':id')
  refuseMethod(): never {
    throw new Problem(405, 'method_not_allowed', 'A deployment can be read with GET.', { Allow: 'GET' });
  }
}
