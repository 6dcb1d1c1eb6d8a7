import type { Response } from 'express';
import { printableJson } from '../common/printable.js';

const heartbeatMs = 15_000;
const lastWordsMs = 2000;
/** What may wait for a slow client; the record of a deployment has at most about 20 KiB. */
const bufferLimitBytes = 256 * 1024;

/**
 * A response as a stream of server-sent events (WHATWG HTML, "Server-sent events"). A comment every 15 s keeps proxies from
 * closing it. A client that does not keep up is cut off: nothing is kept for it without bound.
 */
export class EventStream {
  private readonly heartbeat: NodeJS.Timeout;

  /** @param onClose called once, however the stream ends */
  constructor(
    private readonly response: Response,
    onClose: () => void,
  ) {
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // nginx would collect the events otherwise
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    this.heartbeat = setInterval(() => {
      this.write(':\n\n');
    }, heartbeatMs);
    response.once('close', () => {
      clearInterval(this.heartbeat);
      onClose();
    });
  }

  send(event: string, data: unknown): void {
    // JSON has no line breaks: one line of data is enough.
    this.write(`event: ${event}\ndata: ${printableJson(data)}\n\n`);
  }

  end(): void {
    this.response.end();
  }

  /** Ends also where the client does not take what was sent. */
  cut(): void {
    this.end();
    setTimeout(() => this.response.destroy(), lastWordsMs).unref();
  }

  private write(text: string): void {
    if (this.response.destroyed || this.response.writableEnded) return;
    this.response.write(text);
    if (this.response.writableLength > bufferLimitBytes) this.response.destroy();
  }
}
