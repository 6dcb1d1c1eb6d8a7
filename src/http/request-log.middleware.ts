import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { withLogContext } from '../config/log-context.js';
import { clientAddress } from './client-address.js';
import { parseTraceparent } from './traceparent.js';

const logger = new Logger('Http');

/**
 * Gives every request an id (that of the caller's `X-Request-Id` where it is harmless), answers it in `X-Request-Id`,
 * and logs one line per request. It and the trace of a W3C `traceparent` stand on each line that is logged on the way. Probes
 * and scrapes are logged at debug level, as they come every few seconds, and so is what a flood of bad tokens is answered.
 */
export function requestLog(request: Request, response: Response, next: NextFunction): void {
  const started = performance.now();
  const requestId = harmlessId(request.headers['x-request-id']) ?? randomUUID();
  response.locals.requestId = requestId;
  response.setHeader('X-Request-Id', requestId);
  const trace = parseTraceparent(request.headers.traceparent);
  const path = request.path;
  const from = clientAddress(request);
  response.once('close', () => {
    const line = {
      requestId,
      ...trace,
      method: request.method,
      path,
      status: response.statusCode,
      durationMs: Math.round(performance.now() - started),
      from,
      hungUp: response.writableFinished ? undefined : true,
    };
    const message = `${request.method} ${path} ${response.statusCode}`;
    if (/^\/(health|metrics)/.test(path) || response.statusCode === 429) logger.debug(message, line);
    else logger.log(message, line);
  });
  withLogContext({ requestId, ...trace }, next);
}

function harmlessId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}
