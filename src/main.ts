import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { AgentModule } from './agent.module.js';
import { AppModule } from './app.module.js';
import { check } from './commands/check.js';
import { surviveLostOutput } from './common/lost-output.js';
import { assertFilesAnswer } from './config/files-of-settings.js';
import { printableLines } from './common/printable.js';
import { endInSpiteOfStuckFiles } from './common/stuck-files-exit.js';
import { serviceLogger } from './config/service-logger.js';
import { InvalidPolicy } from './config/policy/policy.js';
import { InvalidSettings, settings } from './config/settings.js';
import { version } from './common/version.js';
import { runSelfUpdate } from './commands/self-update.command.js';
import { selfUpdateCommand } from './docker/instance/self-update.js';
import { configureHttp } from './http/configure-http.js';
import { asksForHelp, misusedCommand, usage } from './commands/command-line.js';
import { recover } from './commands/recover.js';

async function bootstrap(): Promise<void> {
  const configured = settings();
  const { port, metricsPort } = configured;
  const logger = serviceLogger(configured);
  if (configured.role === 'agent') {
    const agent = await NestFactory.createApplicationContext(AgentModule, { logger, abortOnError: false });
    agent.enableShutdownHooks([], { useProcessExit: true });
    logger.log(`working for the host ${String(configured.hostName)}`, 'Main');
    return;
  }
  // Before anything is begun: the worker must not look for interrupted updates while another instance works on one.
  for (const wanted of metricsPort === undefined ? [port] : [port, metricsPort]) await assertPortIsFree(wanted);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, new ExpressAdapter(), {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  configureHttp(app, configured);
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(port);
  logger.log(`listening on port ${port}`, 'Main');
}

async function assertPortIsFree(port: number): Promise<void> {
  const probe = createServer().listen(port);
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

/** A command was given words that it does not take. */
class UsageError extends Error {}

/** Without a word the service, with one of these a command that ends. */
const commands: Record<string, () => Promise<number>> = {
  version: () => {
    process.stdout.write(`${version}\n`);
    return Promise.resolve(0);
  },
  recover,
  check: () => check(process.argv.slice(3)),
  [selfUpdateCommand]: async () => {
    const [container = '', reference = ''] = process.argv.slice(3);
    await runSelfUpdate(container, reference, serviceLogger(settings()));
    return 0;
  },
};

async function run(words: readonly string[]): Promise<void> {
  if (asksForHelp(words)) {
    process.stdout.write(usage);
    return;
  }
  const [word] = words;
  if (word !== 'version') await assertFilesAnswer();
  if (word === undefined) return bootstrap();
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (!command) throw new Error(`there is no command ${word}; there is ${Object.keys(commands).join(', ')}`);
  const misuse = misusedCommand(words);
  if (misuse !== undefined) throw new UsageError(`${misuse}. Nothing was done.\n\n${usage}`);
  process.exitCode = await command();
}

surviveLostOutput();
endInSpiteOfStuckFiles();
run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${printableLines(explain(error))}\n`);
  process.exit(1);
});

/** One clear line, or one per setting, where the reason is known; everything where it is not. */
function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof InvalidSettings) return error.message;
  if (error instanceof InvalidPolicy) return `Cannot start: the policy in POLICY_PATH cannot be used: ${error.message}`;
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE')
    return `Cannot start: port ${String(port)} is in use by another process; stop it or choose another PORT or METRICS_PORT`;
  if (code === 'EACCES') return `Cannot start: ${message}; choose a PORT above 1023`;
  return `Cannot start: ${error instanceof Error ? (error.stack ?? message) : String(error)}`;
}
