import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { PrometheusClient } from './prometheus-client.js';
import { prefix } from './prefix.js';

/** Node's own announcement of every answer that was sent (Node API, diagnostics_channel, HTTP), so that no request is slowed down. */
const answers = 'http.server.response.finish';

const authFailures: Partial<Record<number, string>> = { 401: 'unauthorized', 403: 'forbidden', 429: 'throttled' };

interface Answer {
  // Express adds the route that answered to the request.
  request: IncomingMessage & { route?: { path?: unknown } };
  response: ServerResponse;
}

/** Counts answers by method, route and status. Answers a function that ends it. */
export function countRequests({ Counter }: PrometheusClient, registry: Registry): () => void {
  const requests = new Counter({
    name: `${prefix}http_requests_total`,
    help: 'Requests that were answered, by method, route and status code.',
    labelNames: ['method', 'route', 'code'],
    registers: [registry],
  });
  const failures = new Counter({
    name: `${prefix}auth_failures_total`,
    help: 'Requests that were refused: unauthorized (401), forbidden (403) or throttled (429).',
    labelNames: ['reason'],
    registers: [registry],
  });
  for (const reason of Object.values(authFailures)) failures.inc({ reason }, 0);
  const count = (message: unknown): void => {
    const { request, response } = message as Answer;
    const code = response.statusCode;
    requests.inc({ method: methodOf(request), route: routeOf(request), code });
    const reason = authFailures[code];
    if (reason) failures.inc({ reason });
  };
  subscribe(answers, count);
  return () => {
    unsubscribe(answers, count);
  };
}

/** The route's pattern, never the path: a caller can make up any number of paths. */
function routeOf({ route }: Answer['request']): string {
  return typeof route?.path === 'string' ? route.path : 'none';
}

function methodOf({ method = '' }: IncomingMessage): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method) ? method : 'other';
}
