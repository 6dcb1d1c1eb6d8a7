import { describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSocketGone } from '../src/docker/instance/socket-watch.js';
import { describeOnEngine, testEnvironment } from './support/runner/environment.js';
import { freePort } from './support/registry/registry.js';

describe('isSocketGone', () => {
  it('is false of a file that is there, and of none', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'socket-')), 'file');
    expect(await isSocketGone(path)).toBe(false);
    writeFileSync(path, '');
    expect(await isSocketGone(path)).toBe(false);
  });
});

const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

/** A socket in front of the engine, as a dockerd makes it: a new file each time that it starts. */
const relay = `
  const { connect, createServer } = require('node:net');
  const { rmSync } = require('node:fs');
  const [path, engine] = process.argv.slice(-2);
  rmSync(path, { force: true });
  createServer((socket) => {
    const other = connect(engine);
    socket.on('error', () => other.destroy());
    other.on('error', () => socket.destroy());
    socket.pipe(other).pipe(socket);
  }).listen(path, () => console.log('listening'));
`;

describeOnEngine('an engine that makes a new socket file', () => {
  (mayMount ? it : it.skip)(
    'ends the service that has the old file mounted, with the reason and an exit code that restarts it',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'socket-'));
      const [socket, mounted] = [join(folder, 'docker.sock'), join(folder, 'mounted.sock')];
      writeFileSync(mounted, '');
      const engine = testEnvironment().dockerHost.replace('unix://', '');
      const listen = async () => {
        const child = spawn(process.execPath, ['-e', relay, '--', socket, engine], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        await once(child.stdout, 'data');
        return child;
      };
      const first = await listen();
      const bundle = join(process.cwd(), 'bundle', 'main.cjs');
      const service = spawn(
        'unshare',
        ['--mount', 'sh', '-c', `mount --bind ${socket} ${mounted} && exec ${process.execPath} ${bundle}`],
        {
          env: {
            PATH: process.env.PATH,
            SECRET_KEY: 'correct-horse-battery-staple',
            PORT: String(await freePort()),
            DOCKER_HOST: `unix://${mounted}`,
            LOG_FORMAT: 'json',
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      let output = '';
      for (const stream of [service.stdout, service.stderr])
        stream.on('data', (data: Buffer) => (output += data.toString()));
      const ended = once(service, 'exit') as Promise<[number | null]>;
      while (!output.includes('ready for work') && service.exitCode === null) await once(service.stdout, 'data');
      // The old file loses its name, and nobody listens at it any more.
      first.kill('SIGKILL');
      await once(first, 'exit');
      const second = await listen();
      const [code] = await ended;
      second.kill('SIGKILL');
      expect(output).toContain('the engine has made a new socket file');
      expect(code).toBe(1);
    },
    90_000,
  );
});
