import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { logContext } from './log-context.js';
import type { Settings } from './settings.js';

const levels: Record<Settings['logLevel'], LogLevel[]> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
};

/**
 * Where Nest tells how it wires itself up: of interest to those who debug that, and to nobody else. It names its classes,
 * and in a bundle some of those have an underscore before their names.
 */
const wiring = /^_?(NestFactory|InstanceLoader|RoutesResolver|RouterExplorer|NestApplication)$/;

/** Nest's own logger, as JSON lines or pretty, with the facts of the work that goes on and without an account of its own wiring. */
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
    if (!wiring.test(String(rest.at(-1)))) super.log(message, ...rest);
  }

  protected override printMessages(...[messages, context, level, stream, stack, params]: PrintArguments): void {
    const all: [string, unknown][] = Object.entries({ ...logContext(), ...params });
    const known = all.filter(([, value]) => value !== undefined);
    const facts = known.length > 0 ? Object.fromEntries(known) : undefined;
    super.printMessages(messages, context, level, stream, stack, facts);
  }

  /** With the words and the times that people and log stores expect: `info`, and ISO 8601. */
  protected override stringifyJsonLogObject(line: { level: string; timestamp: number }): string {
    return super.stringifyJsonLogObject({
      ...line,
      level: line.level === 'log' ? 'info' : line.level,
      timestamp: new Date(line.timestamp).toISOString(),
    });
  }
}

type PrintArguments = Parameters<ConsoleLogger['printMessages']>;
