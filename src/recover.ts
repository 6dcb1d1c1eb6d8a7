import { Logger } from '@nestjs/common';
import { commandConfiguration } from './config/command.js';
import { ServiceLogger } from './config/service-logger.js';
import { ContainerRules } from './docker/container-rules.js';
import { isEngineAway } from './docker/engine-error.js';
import { Engine } from './docker/engine.js';
import { Recovery } from './docker/recovery.js';

/**
 * The command `recover`: puts right what interrupted updates left behind, as a start of the service does, and ends. It
 * needs nothing but the engine, and must not run beside a service that is at work on it.
 * @returns the exit code: 1 where something needs a repair by hand, or where the engine is away
 * @throws InvalidSettings
 */
export async function recover(): Promise<number> {
  const { settings, policy } = await commandConfiguration();
  const logger = new ServiceLogger(settings);
  Logger.overrideLogger(logger);
  const engine = new Engine(settings);
  const recovery = new Recovery(engine, new ContainerRules(policy, settings), settings);
  const never = new AbortController().signal;
  try {
    await engine.connect();
    const undone = await recovery.run({ begun: never, nearlyOver: never });
    if (undone.length === 0) {
      logger.log('looked for interrupted updates; all containers are in order', 'Recover');
      return 0;
    }
    logger.error(`in need of a repair by hand: ${undone.join(', ')}; see docs/operating.md`, undefined, 'Recover');
  } catch (error) {
    if (!isEngineAway(error)) throw error;
    logger.error(`${(error as Error).message}; start it and run this again`, undefined, 'Recover');
  }
  return 1;
}
