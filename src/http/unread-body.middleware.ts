import type { NextFunction, Request, Response } from 'express';

const patienceMs = 2000;

/**
 * Ends connections whose request goes on after it was answered. No body is ever looked at: one that is short is let pass, so
 * that its sender gets to read the answer; one that is slow or endless must not hold the connection.
 */
export function unreadBody(request: Request, response: Response, next: NextFunction): void {
  response.once('finish', () => {
    if (request.complete) return;
    const timer = setTimeout(() => request.socket.destroy(), patienceMs);
    request.once('close', () => {
      clearTimeout(timer);
    });
  });
  next();
}
