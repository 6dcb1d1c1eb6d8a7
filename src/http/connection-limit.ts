import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { SharedPlaces, type Sharer } from '../common/shared-places.js';

/** What is kept free for callers that are not known yet, and for probes, which never are. */
const share = 0.1;
const maxShare = 16;
const minShare = 2;

const limits = new WeakMap<Socket, ConnectionLimit>();

/**
 * Bounds the connections of a server, and how many requests of admitted callers are open at once over all of them.
 *
 * - A connection over which no caller was admitted makes room for a new one, the oldest first: whoever opens connections only to hold
 *   them keeps out neither probes nor callers.
 * - Each admitted request takes a place until it is answered, a wait or a stream until its end. Accounts share the places.
 * - A connection of an admitted caller that waits for its next request makes room for another caller's when all places are taken.
 */
export class ConnectionLimit {
  /** In the order in which they came. */
  private readonly unknown = new Set<Socket>();
  /** How many admitted requests each has open; those that are used again come last. */
  private readonly known = new Map<Socket, number>();
  private readonly places: SharedPlaces;
  private readonly maxKnown: number;

  constructor(private readonly max: number) {
    const reserve = Math.max(minShare, Math.min(maxShare, Math.floor(max * share)));
    this.maxKnown = Math.max(1, max - reserve);
    this.places = new SharedPlaces(this.maxKnown, reserve);
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

  /** Gives a request of an admitted caller a place. @returns how to give it back, once; undefined where there is none */
  hold(socket: Socket, sharer: Sharer): (() => void) | undefined {
    const giveBack = this.places.take(sharer);
    if (!giveBack) return undefined;
    if (!this.keep(socket)) {
      giveBack();
      return undefined;
    }
    this.count(socket, 1);
    let isHeld = true;
    return () => {
      giveBack();
      if (isHeld) this.count(socket, -1);
      isHeld = false;
    };
  }

  private keep(socket: Socket): boolean {
    if (this.known.has(socket) || socket.destroyed) return true;
    if (this.known.size >= this.maxKnown && !this.endIdle()) return false;
    this.unknown.delete(socket);
    this.known.set(socket, 0);
    return true;
  }

  /** Ends the connection of an admitted caller that was used the longest ago, if there is one that nothing is open on. */
  private endIdle(): boolean {
    for (const [socket, open] of this.known) {
      if (open > 0) continue;
      this.known.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  private count(socket: Socket, change: 1 | -1): void {
    const open = this.known.get(socket);
    if (open === undefined) return;
    // A Map iterates in the order of insertion.
    this.known.delete(socket);
    this.known.set(socket, open + change);
  }
}

/**
 * Takes a place for a request of an admitted caller.
 * @returns how to give it back, once; undefined when this caller, or all of them, have all that they may
 */
export function holdConnection(socket: Socket, sharer: Sharer): (() => void) | undefined {
  const limit = limits.get(socket);
  return limit ? limit.hold(socket, sharer) : () => undefined;
}
