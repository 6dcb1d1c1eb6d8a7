import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { LineWriter } from '../common/line-writer.js';
import { logContext } from '../common/log-context.js';
import { madePrintable, printable, printableDeep, printableLines } from '../common/printable.js';
import type { Settings } from './settings.js';

const levels: Record<Settings['logLevel'], LogLevel[]> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
};

/** Facts by these names, at any depth and in any case, are not told. */
const secretNames = ['authorization', 'token', 'secret', 'password'];

/** What a line says of itself, whatever the facts are named. */
const inFrame = ['level', 'pid', 'timestamp', 'message', 'context'];

/** Facts by these names are not written as they are. */
const specialNames = new Set([...secretNames, ...inFrame]);

const plainTypes = new Set(['string', 'number', 'boolean', 'undefined']);

/**
 * Where Nest tells how it wires itself up: of interest to those who debug that, and to nobody else. It names its classes,
 * and in a bundle some of those have an underscore before their names.
 */
const wiring = /^_?(NestFactory|InstanceLoader|RoutesResolver|RouterExplorer|NestApplication)$/;

/** Nest's own logger, as JSON lines or pretty, with the facts of the work that goes on and without an account of its own wiring. */
export class ServiceLogger extends ConsoleLogger {
  private readonly isJson: boolean;

  constructor(
    { logJson, logLevel }: Pick<Settings, 'logJson' | 'logLevel'>,
    private readonly writer = new LineWriter(),
  ) {
    super({
      json: logJson,
      flattenParams: true,
      colors: !logJson,
      logLevels: levels[logLevel],
      redact: secretNames,
    });
    this.isJson = logJson;
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const [facts, context] = rest.length === 2 ? rest : [undefined, rest.at(-1)];
    if (wiring.test(String(context))) return;
    if (this.isJson && this.isLevelEnabled('log') && typeof message === 'string' && isPlain(facts))
      this.writer.write(process.stdout, lineOf(message, facts, context));
    else super.log(message, ...rest);
  }

  protected override printMessages(...[messages, context, level, stream, stack, params]: PrintArguments): void {
    const facts = known({ ...logContext(), ...params });
    if (this.isJson) super.printMessages(messages, context, level, stream, stack, facts);
    else super.printMessages(messages.map(readable), context, level, stream, stack, facts && readableFacts(facts));
  }

  /** For people: in JSON the stack is part of the line. */
  protected override printStackTrace(stack: string): void {
    super.printStackTrace(stack && printableLines(stack).replaceAll(/\n(?! {4}at )/g, '\n    '));
  }

  protected override printAsJson(...[message, options]: PrintAsJsonArguments): void {
    const line = madePrintable(this.stringifyJsonLogObject(this.getJsonLogObject(message, options)));
    this.writer.write(process[options.writeStreamType ?? 'stdout'], line);
  }

  /** With the words and the times that people and log stores expect: `info`, and ISO 8601. */
  protected override stringifyJsonLogObject(line: { level: string; timestamp: number }): string {
    return super.stringifyJsonLogObject({
      ...line,
      level: line.level === 'log' ? 'info' : line.level,
      timestamp: timestampOf(line.timestamp),
    });
  }
}

/**
 * As Nest makes it, but without its search for nested secrets, circles and sizes, for which plain facts have no room: every request
 * logs a few.
 */
function lineOf(message: string, facts: Facts, context: unknown): string {
  const timestamp = timestampOf(Date.now());
  return madePrintable(
    JSON.stringify({ level: 'info', pid: process.pid, timestamp, message, context, ...logContext(), ...facts }),
  );
}

let latest = { ms: NaN, timestamp: '' };

/** ISO 8601. Under load many lines fall into one millisecond. */
function timestampOf(ms: number): string {
  if (latest.ms !== ms) latest = { ms, timestamp: new Date(ms).toISOString() };
  return latest.timestamp;
}

type Facts = Record<string, unknown>;

/** A message without characters that forge lines or steer a terminal. Objects are written by Nest, which escapes their texts. */
function readable(message: unknown): unknown {
  return typeof message === 'string' ? printable(message) : message;
}

function readableFacts(facts: Facts): Facts {
  return printableDeep(facts) as Facts;
}

/** The facts that have a value; undefined where none has. */
function known(facts: Facts): Facts | undefined {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function isPlain(facts: unknown): facts is Facts {
  if (typeof facts !== 'object' || facts === null) return false;
  return Object.keys(facts).every(
    (name) => plainTypes.has(typeof (facts as Facts)[name]) && !specialNames.has(name.toLowerCase()),
  );
}

type PrintAsJsonArguments = Parameters<ConsoleLogger['printAsJson']>;
type PrintArguments = Parameters<ConsoleLogger['printMessages']>;
