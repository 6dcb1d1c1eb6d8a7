import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Namespaces } from '../runner/namespaces.js';

/** Run in the other network; ends with the process that started it. */
const relay = `
  const net = require('node:net');
  process.stdin.resume().on('end', () => process.exit());
  net.createServer((from) => {
    const to = net.connect(process.argv[1]);
    for (const [one, other] of [[from, to], [to, from]]) { one.pipe(other); one.on('error', () => other.destroy()); }
    to.on('close', () => from.destroy());
  }).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
`;

/** Makes what listens on a port of 127.0.0.1 here answer at the same address in a network of its own, over a socket file. */
export class PortRelay {
  private constructor(
    private readonly child: ChildProcess,
    private readonly server: Server,
    private readonly sockets: ReadonlySet<Socket>,
  ) {}

  static async start(namespaces: Namespaces, port: number): Promise<PortRelay> {
    const path = join(tmpdir(), `tdp-relay-${randomBytes(4).toString('hex')}.sock`);
    const sockets = new Set<Socket>();
    const server = createServer((from) => {
      const to = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.once('close', () => sockets.delete(one));
      }
      to.once('close', () => from.destroy());
    }).listen(path);
    await once(server, 'listening');
    const [program, args] = namespaces.inNetwork(process.execPath, '-e', relay, path, String(port));
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return new PortRelay(child, server, sockets);
  }

  stop(): void {
    this.child.kill();
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
