import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionLimit, keepConnection } from './connection-limit.js';

class FakeSocket extends EventEmitter {
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function limited(max: number): () => Socket {
  const server = new EventEmitter();
  new ConnectionLimit(max).guard(server as unknown as Server);
  return () => {
    const socket = new FakeSocket() as unknown as Socket;
    server.emit('connection', socket);
    return socket;
  };
}

describe('ConnectionLimit', () => {
  it('ends the oldest connection of nobody known for a new one', () => {
    const connect = limited(10);
    const first = Array.from({ length: 10 }, connect);
    const more = Array.from({ length: 3 }, connect);
    expect([...first, ...more].map(({ destroyed }) => destroyed)).toEqual([
      ...[true, true, true],
      ...Array.from({ length: 10 }, () => false),
    ]);
  });

  it('ends none of a known caller, and keeps a share for those who are not', () => {
    const connect = limited(10);
    const sockets = Array.from({ length: 10 }, connect);
    expect(sockets.map(keepConnection)).toEqual([...Array.from({ length: 8 }, () => true), false, false]);
    for (let flood = 0; flood < 100; flood++) connect();
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([...Array.from({ length: 8 }, () => false), true, true]);
    const probe = connect();
    connect();
    expect(probe.destroyed).toBe(false);
  });

  it('forgets those that have closed', () => {
    const connect = limited(10);
    const sockets = Array.from({ length: 8 }, connect);
    expect(sockets.every(keepConnection)).toBe(true);
    sockets[0]?.destroy();
    expect(keepConnection(connect())).toBe(true);
  });
});
