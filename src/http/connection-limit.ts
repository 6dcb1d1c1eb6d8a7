import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** What is kept free for callers that are not known yet, and for probes, which never are. */
const share = 0.1;
const maxShare = 16;
const minShare = 2;

const limits = new WeakMap<Socket, ConnectionLimit>();

/**
 * Bounds the connections of a server. Those over which no valid credential came make room for new ones, the oldest first: whoever
 * opens connections only to hold them keeps out neither probes nor callers.
 */
export class ConnectionLimit {
  /** In the order in which they came. */
  private readonly unknown = new Set<Socket>();
  private readonly known = new Set<Socket>();
  private readonly maxKnown: number;

  constructor(private readonly max: number) {
    this.maxKnown = max - Math.max(minShare, Math.min(maxShare, Math.floor(max * share)));
  }

  guard(server: Pick<Server, 'on'>): void {
    server.on('connection', (socket: Socket) => {
      this.add(socket);
    });
  }

  private add(socket: Socket): void {
    limits.set(socket, this);
    this.unknown.add(socket);
    socket.once('close', () => {
      this.unknown.delete(socket);
      this.known.delete(socket);
    });
    if (this.unknown.size + this.known.size <= this.max) return;
    const [oldest] = this.unknown;
    if (!oldest) return;
    this.unknown.delete(oldest);
    oldest.destroy();
  }

  /** Keeps a connection of a known caller. @returns whether there is room for it */
  keep(socket: Socket): boolean {
    if (this.known.has(socket) || socket.destroyed) return true;
    if (this.known.size >= this.maxKnown) return false;
    this.unknown.delete(socket);
    this.known.add(socket);
    return true;
  }
}

/** Keeps the connection of a caller with a valid credential. @returns false when known callers hold all that they may */
export function keepConnection(socket: Socket): boolean {
  return limits.get(socket)?.keep(socket) ?? true;
}
