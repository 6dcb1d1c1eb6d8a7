import type { Request, Response } from 'express';
import type { Server } from 'node:http';
import { withLogContext } from '../common/log-context.js';
import { withoutEmptyName } from './request-address.js';
import { LineThrottle } from './line-throttle.js';
import { closeWithConnection } from './pipelined.js';
import { refusalOfFragment, refusalOfHeaders, refusalOfLongPath } from './request-limits.js';
import { logRequest } from './request-log.js';
import { decodable } from './request-address.js';
import { endUnreadBody } from './request-body.js';

/** What every request meets before its route. */
export function everyRequest(
  server: Server,
  linesPerMinute: number,
): (request: Request, response: Response, next: (error?: Error) => void) => void {
  const throttle = new LineThrottle(linesPerMinute);
  return (request, response, next) => {
    closeWithConnection(request, response);
    const refusal =
      refusalOfLongPath(request.url) ?? refusalOfFragment(request.url) ?? refusalOfHeaders(request.rawHeaders);
    if (refusal) {
      next(refusal);
      return;
    }
    const logged = logRequest(request, response, throttle);
    response.on('close', () => {
      logged.end();
      endUnreadBody(request);
      // A server that closes lets go of the connections that are idle then, but not of those that become idle later: clients
      // that keep theirs alive would hold up the stop.
      if (!server.listening) server.closeIdleConnections();
    });
    request.url = withoutEmptyName(decodable(request.url));
    withLogContext(logged.context, next);
  };
}
