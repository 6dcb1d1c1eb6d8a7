import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import type { Settings } from './settings.js';

const levels: Record<Settings['logLevel'], LogLevel[]> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
};

/** Where Nest tells how it wires itself up: of interest to those who debug that, and to nobody else. */
const wiring = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** Nest's own logger, as JSON lines or pretty, without its account of its own wiring. */
export class ServiceLogger extends ConsoleLogger {
  constructor({ logJson, logLevel }: Pick<Settings, 'logJson' | 'logLevel'>) {
    super({
      json: logJson,
      flattenParams: true,
      colors: !logJson,
      logLevels: levels[logLevel],
      redact: ['authorization', 'token', 'secret', 'password'],
    });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!wiring.has(String(rest.at(-1)))) super.log(message, ...rest);
  }
}
