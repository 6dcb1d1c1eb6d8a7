import type { NestExpressApplication } from '@nestjs/platform-express';
import { ProblemFilter } from './problem.filter.js';
import { requestLog } from './request-log.middleware.js';
import { undecodablePath } from './undecodable-path.middleware.js';

/** What holds for every request: one log line, an id, and problem details as the only form of error. */
export function configureHttp(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestLog, undecodablePath);
  app.useGlobalFilters(new ProblemFilter());
}
