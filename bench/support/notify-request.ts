import { secret } from './program.js';

/** Fewer than the queue holds, so that none is refused where no engine takes anything out of it. */
const containers = 200;

/** The whole request of the nth notify. */
export function notifyRequest(index: number): string {
  return `POST /notify/web-${index % containers} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${secret}\r\nContent-Length: 0\r\n\r\n`;
}
