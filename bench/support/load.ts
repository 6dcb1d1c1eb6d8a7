import { connect, type Socket } from 'node:net';

export interface Load {
  perSecond: number;
  /** Of each answer, in the order in which they came. */
  latenciesMs: number[];
  /** How many were answered 503. */
  refused: number;
}

/**
 * Sends requests over connections that are kept, each the next one once it is answered, without any HTTP library: what is
 * measured is the server.
 * @param requestAt the whole request for the nth
 * @param mayRefuse whether 503 is an answer, too
 * @throws Error where an answer has another status than 200 or 202
 */
export async function load(
  port: number,
  requestAt: (index: number) => string,
  { connections, requests, mayRefuse = false }: { connections: number; requests: number; mayRefuse?: boolean },
): Promise<Load> {
  const latenciesMs: number[] = [];
  let next = 0;
  let refused = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = new Client(connect({ port, host: '127.0.0.1', noDelay: true }));
      while (next < requests) {
        const sentAt = performance.now();
        const status = await client.ask(requestAt(next++));
        if (status === '503' && mayRefuse) refused++;
        else if (!/^20[02]$/.test(status)) throw new Error(`a request was answered ${status}`);
        latenciesMs.push(performance.now() - sentAt);
      }
      client.end();
    }),
  );
  return { perSecond: (requests / (performance.now() - begun)) * 1000, latenciesMs, refused };
}

class Client {
  private received = '';
  private waiting: { resolve: (status: string) => void; reject: (error: Error) => void } | undefined;

  constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.received += chunk;
      this.look();
    });
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('the server closed a connection')));
  }

  /** @returns the status of its answer */
  ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  end(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private look(): void {
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.received)?.[1] ?? 0);
    if (this.received.length < headEnd + 4 + length) return;
    const status = this.received.slice(9, 12);
    this.received = '';
    this.waiting?.resolve(status);
  }
}
