import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { settings, type Settings } from '../config/settings.js';
import { ConnectionLimit } from '../http/connection-limit.js';
import { MetricsService } from './metrics.service.js';

/**
 * `GET /metrics` on a port of its own, without credentials: for a port that only Prometheus can reach. Goes on answering
 * until the drain is over.
 */
@Injectable()
export class MetricsListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Metrics');
  private server: Server | undefined;

  constructor(
    private readonly metrics: MetricsService,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'metricsPort'>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { metricsPort } = this.settings;
    if (metricsPort === undefined) return;
    await this.metrics.begin();
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        this.logger.error('a scrape failed', error instanceof Error ? error.stack : String(error));
        response.destroy();
      });
    });
    this.server.headersTimeout = 10_000;
    this.server.requestTimeout = 10_000;
    new ConnectionLimit(20).guard(this.server);
    await once(this.server.listen(metricsPort), 'listening');
    this.logger.log(`metrics at port ${metricsPort}`);
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const isScrape = request.method === 'GET' && request.url?.split('?')[0] === '/metrics';
    if (!isScrape) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is GET /metrics here.\n');
      return;
    }
    const { contentType, body } = await this.metrics.scrape();
    response.writeHead(200, { 'Content-Type': contentType }).end(body);
  }
}
