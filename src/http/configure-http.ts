import type { ExpressAdapter, NestExpressApplication } from '@nestjs/platform-express';
import type { Server } from 'node:http';
import type { Settings } from '../config/settings.js';
import { everyRequest } from './every-request.middleware.js';
import { ProblemFilter } from './problem.filter.js';

/** What holds for every request: one log line, an id, limits, and problem details as the only form of error. */
export function configureHttp(
  app: NestExpressApplication,
  { trustProxy, maxConnections }: Pick<Settings, 'trustProxy' | 'maxConnections'>,
): void {
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', trustProxy);
  app.useGlobalFilters(new ProblemFilter());
  const server = app.getHttpServer();
  (app.getHttpAdapter() as ExpressAdapter).setOnRequestHook(everyRequest(server));
  limit(server, maxConnections);
}

/**
 * Callers send a few hundred bytes at once. Node looks at the times every 30 s, and has limits of its own: 16 KiB of headers
 * (431), and well-formed requests (400).
 */
function limit(server: Server, maxConnections: number): void {
  server.maxConnections = maxConnections;
  server.maxHeadersCount = 100;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  // Longer than a reverse proxy keeps its own end, as a rule 60 s: else it would send into a connection that is being closed.
  server.keepAliveTimeout = 65_000;
}
