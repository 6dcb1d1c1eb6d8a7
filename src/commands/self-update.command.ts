import { Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SettingsModule } from '../config/settings.module.js';
import { DockerModule } from '../docker/docker.module.js';
import { DockerService } from '../docker/docker.service.js';
import { resultLine } from '../docker/instance/self-update-result.js';

/** Of the 10 s that `docker stop` gives. */
const swapEndsWithinMs = 8000;

@Module({ imports: [SettingsModule, DockerModule] })
class SelfUpdateModule {}

/**
 * The helper's whole life: one update of the container of the service, by the same path as every other one.
 * @param reference told back with the outcome, in the last line that is printed
 */
export async function runSelfUpdate(container: string, reference: string, logger: LoggerService): Promise<void> {
  const app = await NestFactory.createApplicationContext(SelfUpdateModule, { logger, abortOnError: false });
  const stopping = new AbortController();
  const nearlyOver = new AbortController();
  process.once('SIGTERM', () => {
    stopping.abort();
    // Nobody else would start the service again: the swap gets what `docker stop` leaves it.
    setTimeout(() => {
      nearlyOver.abort();
    }, swapEndsWithinMs).unref();
  });
  const log = (message: string, facts: object): void => {
    logger.log(message, facts, 'SelfUpdate');
  };
  const outcome = await app.get(DockerService).update(
    container,
    {
      stage: (stage, findings) => {
        log(`${container}: ${stage}`, { container, stage, ...findings });
        return Promise.resolve();
      },
      progress: () => undefined,
      log: (lines) => {
        log(`${container}: last log lines`, { container, lines });
      },
    },
    { begun: stopping.signal, nearlyOver: nearlyOver.signal },
    // The instance that began it has asked already, and has looked whether the image was rolled back before.
    { mayUpdate: () => true, reference, retry: true },
  );
  process.stdout.write(`${resultLine({ container, reference, outcome })}\n`);
  await app.close();
}
