import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Response } from 'express';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import express from 'express';
import { EventStream } from './event-stream.js';

describe('EventStream', () => {
  let server: Server;
  let client: Socket;
  let streams: EventStream[];
  let closed: jest.Mock;

  beforeEach(async () => {
    streams = [];
    closed = jest.fn();
    const app = express();
    app.get('/', (_, response: Response) => void streams.push(new EventStream(response, closed)));
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'readable');
  });
  afterEach(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('sends events as one line of data each, and ends', async () => {
    const [stream] = streams;
    let received = '';
    client.on('data', (chunk: Buffer) => (received += chunk.toString()));
    stream?.send('log', { lines: ['a\nb'] });
    stream?.end();
    while (!received.includes('0\r\n\r\n')) await once(client, 'data');
    expect(received).toContain('event: log\ndata: {"lines":["a\\\\nb"]}\n\n');
    expect(closed).toHaveBeenCalledTimes(1);
    stream?.send('late', {});
  });

  it('sends a comment every 15 s, so that no proxy closes it, and no more once it has ended', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout', 'clearTimeout'] });
    try {
      const listener = connect((server.address() as AddressInfo).port, '127.0.0.1');
      let received = '';
      listener.on('data', (chunk: Buffer) => (received += chunk.toString()));
      listener.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      while (!received.includes('\r\n\r\n')) await once(listener, 'data');
      const heartbeats = (): number => received.split(':\n\n').length - 1;
      jest.advanceTimersByTime(14_999);
      expect(jest.getTimerCount()).toBe(1);
      for (const count of [1, 2, 3]) {
        jest.advanceTimersByTime(count === 1 ? 1 : 15_000);
        while (heartbeats() < count) await once(listener, 'data');
        expect(heartbeats()).toBe(count);
      }
      streams.at(-1)?.end();
      await once(listener, 'data');
      while (jest.getTimerCount() > 0) await new Promise(setImmediate);
      listener.destroy();
      expect(heartbeats()).toBe(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('cuts off a client that does not read, rather than keep everything for it', async () => {
    const [stream] = streams;
    client.pause();
    const line = 'x'.repeat(10_000);
    let sent = 0;
    // The kernel takes some megabytes before anything is kept here.
    while (closed.mock.calls.length === 0 && sent < 100_000_000) {
      stream?.send('log', { lines: [line] });
      sent += line.length;
      await new Promise(setImmediate);
    }
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
