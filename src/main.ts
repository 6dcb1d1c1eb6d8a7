import 'reflect-metadata';
import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { AppModule } from './app.module.js';
import { InvalidSettings, settings, type Settings } from './config/settings.js';
import { configureHttp } from './http/configure-http.js';

const levels: Record<Settings['logLevel'], LogLevel[]> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
};

async function bootstrap(): Promise<void> {
  const { port, logLevel, logJson } = settings();
  // Before anything is begun: the worker must not look for interrupted updates while another instance works on one.
  await assertPortIsFree(port);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: ['fatal', 'error', 'warn'],
    bodyParser: false,
    abortOnError: false,
  });
  const logger = new ConsoleLogger({
    json: logJson,
    flattenParams: true,
    colors: !logJson,
    logLevels: levels[logLevel],
    redact: ['authorization', 'token', 'secret', 'password'],
  });
  app.useLogger(logger);
  configureHttp(app);
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

bootstrap().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});

/** One clear line, or one per setting, where the reason is known; everything where it is not. */
function explain(error: unknown): string {
  if (error instanceof InvalidSettings) return error.message;
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `Cannot start: port ${String(port)} is in use by another process; stop it or set PORT`;
  if (code === 'EACCES') return `Cannot start: ${message}; choose a PORT above 1023`;
  return `Cannot start: ${error instanceof Error ? (error.stack ?? message) : String(error)}`;
}
