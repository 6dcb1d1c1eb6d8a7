import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionLimit, holdConnection } from './connection-limit.js';

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

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const holder = { account: 'secret-key', isLimited: false };
const caller = (account: string) => ({ account, isLimited: true });

describe('ConnectionLimit', () => {
  it('ends the oldest connection of nobody known for a new one', () => {
    const connect = limited(10);
    const first = times(10, connect);
    const more = times(3, connect);
    expect([...first, ...more].map(({ destroyed }) => destroyed)).toEqual([
      ...[true, true, true],
      ...times(10, () => false),
    ]);
  });

  it('ends none with an open request, and keeps a share for those who are not known', () => {
    const connect = limited(10);
    const sockets = times(10, connect);
    const held = sockets.map((socket, at) => holdConnection(socket, caller(String(at))) !== undefined);
    expect(held).toEqual([...times(8, () => true), false, false]);
    for (let flood = 0; flood < 100; flood++) connect();
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([...times(8, () => false), true, true]);
    const probe = connect();
    connect();
    expect(probe.destroyed).toBe(false);
  });

  it.each([
    ['a limited caller half of them', caller('greedy'), 50, 45],
    ['one that is not limited all but a reserve', holder, 90, 80],
  ])('gives %s, and others still get theirs', (_, greedy, tried, got) => {
    const connect = limited(100);
    expect(times(tried, () => holdConnection(connect(), greedy)).filter(Boolean).length).toBe(got);
    for (const account of ['one', 'other']) expect(holdConnection(connect(), caller(account))).toBeDefined();
  });

  it('counts each of several open requests of one connection', () => {
    const socket = limited(10)();
    expect(times(20, () => holdConnection(socket, caller('greedy'))).filter(Boolean).length).toBe(4);
  });

  it('gives places back when requests are answered, once each, whether or not their connections have closed', () => {
    const connect = limited(10);
    const use = () => {
      const socket = connect();
      return { socket, release: holdConnection(socket, caller('ci')) };
    };
    for (let round = 0; round < 20; round++) {
      const used = times(4, use);
      expect(used.every(({ release }) => release)).toBe(true);
      expect(use().release).toBeUndefined();
      for (const { socket, release } of used) {
        if (round % 2 === 0) socket.destroy();
        release?.();
        release?.();
      }
    }
  });

  it('ends the connection that has been idle the longest when all are those of admitted callers', () => {
    const connect = limited(10);
    const first = connect();
    const sockets = [first, ...times(7, connect)];
    for (const socket of [...sockets, first]) holdConnection(socket, caller('proxy'))?.();
    expect(holdConnection(connect(), caller('other'))).toBeDefined();
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, true, ...times(6, () => false)]);
  });
});
