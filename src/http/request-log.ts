import { Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { LogContext } from '../common/log-context.js';
import { clientAddress } from './client-address.js';
import type { Line, LineThrottle } from './line-throttle.js';
import { shortened } from './request-limits.js';
import { parseTraceparent } from './traceparent.js';

const logger = new Logger('Http');

/** What is known of a request before anything else, in its response's `locals`. */
export interface RequestFacts {
  /** The client's address. */
  from: string;
  /** What became of the line of the decision about its caller, whose credential is good: its own has the same lot. */
  line?: Line;
}

/** A request whose line is not written yet. */
export interface LoggedRequest {
  /** Stands on each line that is logged on the way. */
  context: LogContext;
  /** Writes its line; to be called when the answer is over. */
  end(): void;
}

/**
 * Gives a request an id (that of the caller's `X-Request-Id` where it is harmless), answers it in `X-Request-Id`, and logs one
 * line of it. It and the trace of a W3C `traceparent` are for each line that is logged on the way. Probes and scrapes are logged
 * at debug level, as they come every few seconds, and so is most of a flood.
 */
export function logRequest(
  request: Request,
  response: Response<unknown, Partial<RequestFacts>>,
  throttle: LineThrottle,
): LoggedRequest {
  const started = performance.now();
  const requestId = harmlessId(request.headers['x-request-id']) ?? randomUUID();
  const from = clientAddress(request);
  response.locals = { from };
  response.setHeader('X-Request-Id', requestId);
  const context = { requestId, ...parseTraceparent(request.headers.traceparent) };
  const { method } = request;
  const path = shortened(request.path);
  return {
    context,
    end: () => {
      const { statusCode: status } = response;
      const durationMs = Math.round(performance.now() - started);
      const hungUp = response.writableFinished ? undefined : true;
      const isQuiet = /^\/(health|metrics)/.test(path) || status === 429;
      const { isDue, count } = isQuiet ? quiet : (response.locals.line ?? throttle.admit(from));
      const line = { method, path, status, durationMs, from, hungUp, count, ...context };
      const message = `${method} ${path} ${status}`;
      if (isDue) logger.log(message, line);
      else logger.debug(message, line);
    },
  };
}

const quiet: Line = { isDue: false };

function harmlessId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}
