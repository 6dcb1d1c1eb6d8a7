import type { NestExpressApplication } from '@nestjs/platform-express';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ProblemFilter } from './problem.filter.js';
import { requestLog } from './request-log.middleware.js';
import { undecodablePath } from './undecodable-path.middleware.js';

/** What holds for every request: one log line, an id, and problem details as the only form of error. */
export function configureHttp(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestLog, undecodablePath);
  app.useGlobalFilters(new ProblemFilter());
  closeWithTheServer(app.getHttpServer());
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
