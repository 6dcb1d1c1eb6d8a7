import type { NestExpressApplication } from '@nestjs/platform-express';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Settings } from '../config/settings.js';
import { longPath } from './long-path.middleware.js';
import { ProblemFilter } from './problem.filter.js';
import { requestLog } from './request-log.middleware.js';
import { undecodablePath } from './undecodable-path.middleware.js';
import { unreadBody } from './unread-body.middleware.js';

/** What holds for every request: one log line, an id, limits, and problem details as the only form of error. */
export function configureHttp(
  app: NestExpressApplication,
  { trustProxy, maxConnections }: Pick<Settings, 'trustProxy' | 'maxConnections'>,
): void {
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', trustProxy);
  app.use(longPath, requestLog, undecodablePath, unreadBody);
  app.useGlobalFilters(new ProblemFilter());
  const server = app.getHttpServer();
  limit(server, maxConnections);
  closeWithTheServer(server);
}

/**
 * A server that closes lets go of the connections that are idle then, but not of those that become idle later: clients that keep
 * theirs alive would hold up the stop.
 */
function closeWithTheServer(server: Server): void {
  server.on('request', (_: IncomingMessage, response: ServerResponse) => {
    response.once('finish', () => {
      if (!server.listening) server.closeIdleConnections();
    });
  });
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
