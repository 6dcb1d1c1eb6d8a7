import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { stat } from 'node:fs/promises';
import { defaultSocketPath } from '../../config/engine-address.js';
import { withFileTimeout } from '../../common/file-timeout.js';
import { settings, type Settings } from '../../config/settings.js';
import { Engine } from '../engine/engine.js';
import { EngineUnreachable } from '../engine/engine-error.js';

const pollIntervalMs = 30_000;

/**
 * Ends the service when its engine has made a new socket file and the container still has the old one. A file that is mounted alone
 * stays the old one for as long as the container runs; the restart policy mounts the new one.
 */
@Injectable()
export class SocketWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Engine');
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engine' | 'role'>,
  ) {}

  onApplicationBootstrap(): void {
    const { host, socketPath = defaultSocketPath } = this.settings.engine;
    if (this.settings.role === 'api' || host !== undefined) return;
    this.timer = setInterval(() => void this.look(socketPath), pollIntervalMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async look(path: string): Promise<void> {
    // The engine may still listen at a file that somebody removed.
    if (!(await isSocketGone(path)) || (await this.answers())) return;
    clearInterval(this.timer);
    this.logger.error(
      `the engine has made a new socket file, and this container still has the old ${path}: it cannot reach the engine any more. The service ends, so that its restart policy mounts the new one; to keep it running, mount the folder of the socket (docs/operating.md)`,
    );
    process.once('exit', () => {
      process.exitCode = 1;
    });
    // An orderly stop: what waits is handed over or said to be dropped.
    process.kill(process.pid, 'SIGTERM');
  }

  private async answers(): Promise<boolean> {
    try {
      await this.engine.ping();
      return true;
    } catch (error) {
      return !(error instanceof EngineUnreachable);
    }
  }
}

/** Whether a file is open or mounted here and has no name any more. */
export async function isSocketGone(path: string): Promise<boolean> {
  try {
    return (await withFileTimeout(path, () => stat(path))).nlink === 0;
  } catch {
    return false;
  }
}
