import { Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandSettingsModule, commandConfiguration } from '../config/command.js';
import { serviceLogger } from '../config/service-logger.js';
import { DockerModule } from '../docker/docker.module.js';
import { DockerService } from '../docker/docker.service.js';
import { isEngineAway } from '../docker/engine/engine-error.js';
import { UpdateError } from '../docker/update/outcome.js';

@Module({})
class RecoverModule {}

/**
 * The command `recover`: puts right what interrupted updates left behind, as a start of the service does, by the same
 * path, and ends. It needs nothing but the engine, and gives way to a service that is there.
 * @returns the exit code: 1 where something needs a repair by hand, where the engine is away, or where a service is at work on it
 * @throws InvalidSettings, InvalidPolicy
 */
export async function recover(): Promise<number> {
  const configuration = await commandConfiguration();
  const logger = serviceLogger(configuration.settings);
  const app = await NestFactory.createApplicationContext(
    { module: RecoverModule, imports: [CommandSettingsModule.of(configuration), DockerModule] },
    { logger, abortOnError: false },
  );
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stopping.abort();
    });
  }
  try {
    return await run(app.get(DockerService), logger, stopping.signal);
  } finally {
    await app.close();
  }
}

async function run(docker: DockerService, logger: LoggerService, stopping: AbortSignal): Promise<number> {
  const fail = (message: string): void => {
    logger.error(message, undefined, 'Recover');
  };
  try {
    // Before anything that a service would do itself: also the end of its own update is for it to hear of.
    await docker.assertAlone();
    const { undone, selfUpdates } = await docker.recover({ begun: stopping, nearlyOver: stopping });
    for (const { container, outcome } of selfUpdates)
      logger.log(
        `the update of ${container}, the container of the service itself, ended: ${outcome.status}`,
        'Recover',
      );
    if (undone.length === 0) {
      logger.log('looked for interrupted updates; all containers are in order', 'Recover');
      return 0;
    }
    fail(`in need of a repair by hand: ${undone.join(', ')}; see docs/operating.md`);
  } catch (error) {
    if (isEngineAway(error)) fail(`${(error as Error).message}; start it and run this again`);
    else if (error instanceof UpdateError) fail(error.message);
    else throw error;
  }
  return 1;
}
