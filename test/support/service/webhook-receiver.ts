import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A webhook that records what it is sent. `answer` decides what it answers; by default 204. */
export class WebhookReceiver {
  readonly bodies: Record<string, unknown>[] = [];
  private readonly server = createServer((request, response) => {
    text(request)
      .then((body) => {
        this.bodies.push(JSON.parse(body) as Record<string, unknown>);
        this.answer(response);
      })
      .catch(() => response.destroy());
  });

  private constructor(public answer: (response: ServerResponse) => void) {}

  static async start(
    answer = (response: ServerResponse): void => void response.writeHead(204).end(),
  ): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(answer);
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  /** With a part that is as secret as those of real webhooks are. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks/s3cret-path`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
