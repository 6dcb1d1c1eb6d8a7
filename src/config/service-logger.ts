import { ConsoleLogger, type LoggerService } from '@nestjs/common';
import { multistream, pino, type Logger } from 'pino';
import { LineWriter } from '../common/line-writer.js';
import { logContext } from '../common/log-context.js';
import { madePrintable, printable, printableDeep, printableLines } from '../common/printable.js';
import type { Settings } from './settings.js';

/** Facts by these names, at any depth and in any case, are not told. */
const secretNames = ['authorization', 'token', 'secret', 'password'];
const redacted = '[REDACTED]';
const maxDepth = 10;

/** What a line says of itself, whatever the facts are named. */
const inFrame = ['level', 'pid', 'timestamp', 'message', 'context'];

/**
 * Where Nest tells how it wires itself up: of interest to those who debug that, and to nobody else. It names its classes,
 * and in a bundle some of those have an underscore before their names.
 */
const wiring = /^_?(NestFactory|InstanceLoader|RoutesResolver|RouterExplorer|NestApplication)$/;

type Facts = Record<string, unknown>;

/** Makes the logger of the service, with the facts of the work on each line: JSON lines by pino, or Nest's own for a terminal. */
export function serviceLogger(
  { logJson, logLevel }: Pick<Settings, 'logJson' | 'logLevel'>,
  writer = new LineWriter(),
): LoggerService {
  return logJson ? new JsonLogger(logLevel, writer) : new PrettyLogger(logLevel);
}

/** JSON lines: errors on stderr, everything else on stdout. */
class JsonLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(level: Settings['logLevel'], writer: LineWriter) {
    const to = (stream: NodeJS.WriteStream): { write(line: string): void } => ({
      write: (line) => {
        writer.write(stream, madePrintable(line.trimEnd()));
      },
    });
    const streams = [
      { level, stream: to(process.stdout) },
      { level: 'error' as const, stream: to(process.stderr) },
    ];
    this.pino = pino(
      {
        level,
        base: { pid: process.pid },
        timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      multistream(streams, { dedupe: true }),
    );
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.pino.fatal(lineOf(message, rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.pino.error(lineOf(message, rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.pino.warn(lineOf(message, rest));
  }

  log(message: unknown, ...rest: unknown[]): void {
    if (!wiring.test(String(rest.at(-1)))) this.pino.info(lineOf(message, rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    if (this.pino.isLevelEnabled('debug')) this.pino.debug(lineOf(message, rest));
  }
}

/** @param rest as Nest's loggers give it: facts, an error or its stack, and the context last */
function lineOf(message: unknown, rest: readonly unknown[]): Facts {
  const context = rest.at(-1);
  const line: Facts = message instanceof Error ? withError(message) : { message: withoutSecrets(message) };
  const facts: Facts = { ...logContext() };
  for (const each of rest.slice(0, -1)) {
    if (typeof each === 'string') line.stack = each;
    else if (each instanceof Error) Object.assign(line, { error: withError(each).error });
    else if (typeof each === 'object') Object.assign(facts, withoutSecrets(each));
  }
  const told = Object.entries(facts).filter(([name]) => !inFrame.includes(name));
  return { ...line, context, ...Object.fromEntries(told) };
}

function withError({ name, message, stack, cause, ...others }: Error): Facts {
  return { message, error: { name, message, stack, cause, ...(withoutSecrets(others) as Facts) } };
}

function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  if (depth > maxDepth) return undefined;
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      secretNames.includes(name.toLowerCase()) ? redacted : withoutSecrets(item, depth + 1),
    ]),
  );
}

/** Nest's own logger, for people. */
class PrettyLogger extends ConsoleLogger {
  constructor(level: Settings['logLevel']) {
    super({ flattenParams: true, colors: true, redact: secretNames, logLevels: [level === 'info' ? 'log' : level] });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!wiring.test(String(rest.at(-1)))) super.log(message, ...rest);
  }

  protected override printMessages(...[messages, context, level, stream, stack, params]: PrintArguments): void {
    const all: Facts = { ...logContext(), ...params };
    const facts = Object.entries(all).filter(([, value]) => value !== undefined);
    const shown = facts.length > 0 ? (printableDeep(Object.fromEntries(facts)) as Facts) : undefined;
    super.printMessages(messages.map(readable), context, level, stream, stack, shown);
  }

  protected override printStackTrace(stack: string): void {
    super.printStackTrace(stack && printableLines(stack).replaceAll(/\n(?! {4}at )/g, '\n    '));
  }
}

type PrintArguments = Parameters<ConsoleLogger['printMessages']>;

/** A message without characters that forge lines or steer a terminal. Objects are written by Nest, which escapes their texts. */
function readable(message: unknown): unknown {
  return typeof message === 'string' ? printable(message) : message;
}
