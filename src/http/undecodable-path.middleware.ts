import type { NextFunction, Request, Response } from 'express';

/**
 * Express answers a path with a broken percent-encoding (`/notify/%zz`) before any guard runs. Taken literally instead,
 * such a path meets authentication first and the rule for names second, as every other does.
 */
export function undecodablePath(request: Request, _response: Response, next: NextFunction): void {
  const [path = '', ...query] = request.url.split('?');
  try {
    decodeURIComponent(path);
  } catch {
    request.url = [path.replaceAll('%', '%25'), ...query].join('?');
  }
  next();
}
