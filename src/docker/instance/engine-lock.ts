import { Inject, Injectable, Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { settings, type Settings } from '../../config/settings.js';
import { EngineError } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import { UpdateError } from '../update/outcome.js';
import type { Drain } from '../engine/shutdown-signals.js';

const pollMs = 200;

/**
 * Lets the processes of one host work on one engine in turns. The lock is a socket in Linux' abstract namespace (unix(7)),
 * named by the engine's own id: nothing is left of it when its holder is killed. Containers have a namespace each:
 * those are told apart by the engine, see other-instances.ts.
 */
@Injectable()
export class EngineLock {
  private readonly logger = new Logger('EngineLock');
  private name: string | undefined;

  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engine' | 'engineWaitMs'>,
  ) {}

  /** Does the work once no other process is at it. @throws UpdateError `another_instance` where that takes longer than `ENGINE_WAIT` */
  async hold<T>(drain: Drain, work: () => Promise<T>): Promise<T> {
    const lock = process.platform === 'linux' ? await this.take(drain) : undefined;
    try {
      return await work();
    } finally {
      lock?.close();
    }
  }

  /** A proxy may refuse to tell the id; then the address stands in for it. */
  private async engineId(): Promise<string> {
    const { socketPath, host, port } = this.settings.engine;
    try {
      // Up to Docker Engine 20.10 all engines of one host have the same id.
      const { ID, DockerRootDir } = await this.engine.info();
      if (ID) return `${ID} ${DockerRootDir ?? ''}`;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
    return host ? `${host}:${port ?? ''}` : (socketPath ?? 'default');
  }

  private async take(drain: Drain): Promise<Server> {
    // A hash, for the name of a socket is at most 107 bytes long.
    this.name ??= `\0trigger-docker-pull/${createHash('sha256')
      .update(await this.engineId())
      .digest('hex')}`;
    const deadline = performance.now() + this.settings.engineWaitMs;
    for (let isFirst = true; ; isFirst = false) {
      const lock = await listen(this.name);
      if (lock) return lock;
      if (isFirst) this.logger.warn('another process of this service works on this engine; waiting for it');
      if (performance.now() >= deadline || drain.begun.aborted) {
        throw new UpdateError(
          'another_instance',
          'recover',
          'another process of this service works on this engine; stop one of the two',
        );
      }
      await setTimeout(pollMs, undefined, { signal: drain.begun }).catch(() => undefined);
    }
  }
}

/** Undefined where somebody has the name. */
async function listen(name: string): Promise<Server | undefined> {
  const server = createServer((connection) => connection.destroy());
  server.unref();
  try {
    server.listen(name);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
