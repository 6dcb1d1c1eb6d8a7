import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Requires } from '../auth/access.decorators.js';
import { MetricsService } from './metrics.service.js';

/** The metrics on the main port, for callers that were granted the action `metrics`. */
@Controller('metrics')
@Requires('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  async scrape(@Res() response: Response): Promise<void> {
    const { contentType, body } = await this.metrics.scrape();
    // Not through `send`, which would put its own idea of a character set into the type.
    response.setHeader('Content-Type', contentType).end(body);
  }
}
