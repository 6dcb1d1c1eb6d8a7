import { ExpressAdapter } from '@nestjs/platform-express';
import type { Response } from 'express';

/**
 * Nest's adapter, but that a document is written as JSON at once. Express would look for a media type, a character set and a copy that
 * the caller has before it does the same, which took a twentieth of the time of a notify.
 */
export class JsonAdapter extends ExpressAdapter {
  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    // Node counts the length of what it sends; of what HEAD leaves out it does not.
    if (!isDocument(body) || response.hasHeader('Content-Type') || response.req.method === 'HEAD')
      return super.reply(response, body, statusCode) as unknown;
    if (statusCode !== undefined) response.statusCode = statusCode;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    return response.end(JSON.stringify(body));
  }
}

/** Whether it is a plain object or an array: streams, files and errors are answered in ways of their own. */
function isDocument(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const prototype: unknown = Object.getPrototypeOf(body);
  return prototype === Object.prototype || prototype === Array.prototype;
}
