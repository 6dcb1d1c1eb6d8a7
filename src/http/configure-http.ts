import type { ExpressAdapter, NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from '@nestjs/common';
import type { Server } from 'node:http';
import { affordableConnections } from '../common/open-files.js';
import { printableJson } from '../common/printable.js';
import type { Settings } from '../config/settings.js';
import { ConnectionLimit } from './connection-limit.js';
import { everyRequest } from './every-request.middleware.js';
import { ProblemFilter } from './problem.filter.js';

const logger = new Logger('Http');

/** What holds for every request: one log line, an id, limits, and problem details as the only form of error. */
export function configureHttp(
  app: NestExpressApplication,
  {
    trustProxy,
    maxConnections,
    authFailuresPerMinute,
  }: Pick<Settings, 'trustProxy' | 'maxConnections' | 'authFailuresPerMinute'>,
): void {
  app.disable('x-powered-by');
  matchPathsExactly(app);
  app.disable('etag');
  app.set('trust proxy', trustProxy);
  app.set('json replacer', printableDocument);
  app.useGlobalFilters(new ProblemFilter());
  const server = app.getHttpServer();
  (app.getHttpAdapter() as ExpressAdapter).setOnRequestHook(everyRequest(server, authFailuresPerMinute));
  limit(server, maxConnections);
}

/** Leaves only printable texts in a JSON document; `JSON.stringify` calls it with the whole document first. */
function printableDocument(name: string, value: unknown): unknown {
  return name === '' ? (JSON.parse(printableJson(value)) as unknown) : value;
}

/** A path is a path: what stands before the service may have rules for it. The settings of Express come too late for Nest's router. */
function matchPathsExactly(app: NestExpressApplication): void {
  const { router } = app.getHttpAdapter().getInstance() as { router: { caseSensitive?: boolean; strict?: boolean } };
  router.caseSensitive = true;
  router.strict = true;
}

/**
 * Callers send a few hundred bytes at once. Node looks at the times every 30 s, and has limits of its own: 16 KiB of headers
 * (431), and well-formed requests (400).
 */
function limit(server: Server, maxConnections: number): void {
  const affordable = affordableConnections(maxConnections);
  if (affordable < maxConnections)
    logger.warn(
      `only ${affordable} connections may be open at once, not ${maxConnections} (MAX_CONNECTIONS): the process may not open more files; raise the limit of open files (docker run --ulimit nofile=…)`,
    );
  new ConnectionLimit(affordable).guard(server);
  // None at all, for Node only hides what is beyond it: refusalOfHeaders counts.
  server.maxHeadersCount = 0;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  // Longer than a reverse proxy keeps its own end, as a rule 60 s: else it would send into a connection that is being closed.
  server.keepAliveTimeout = 65_000;
}
