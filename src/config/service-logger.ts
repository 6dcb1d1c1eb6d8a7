import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { LineWriter } from './line-writer.js';
import { logContext } from './log-context.js';
import type { Settings } from './settings.js';

const levels: Record<Settings['logLevel'], LogLevel[]> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
};

/** Facts by these names, at any depth and in any case, are not told. */
const secretNames = ['authorization', 'token', 'secret', 'password'];
const isSecret = new RegExp(`^(?:${secretNames.join('|')})$`, 'i');

const plainTypes = new Set(['string', 'number', 'boolean', 'undefined']);

/** What a line says of itself, whatever the facts are named. */
const inFrame = new Set(['level', 'pid', 'timestamp', 'message', 'context']);

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
    if (!wiring.test(String(rest.at(-1)))) super.log(message, ...rest);
  }

  protected override printMessages(...[messages, context, level = 'log', stream, stack, params]: PrintArguments): void {
    const [message] = messages;
    if (this.isJson && messages.length === 1 && typeof message === 'string' && !stack && isPlain(params))
      this.writer.write(process[stream ?? 'stdout'], lineOf(level, message, context, params));
    else super.printMessages(messages, context, level, stream, stack, known({ ...logContext(), ...params }));
  }

  protected override printAsJson(...[message, options]: PrintAsJsonArguments): void {
    const line = this.stringifyJsonLogObject(this.getJsonLogObject(message, options));
    this.writer.write(process[options.writeStreamType ?? 'stdout'], line);
  }

  /** With the words and the times that people and log stores expect: `info`, and ISO 8601. */
  protected override stringifyJsonLogObject(line: { level: string; timestamp: number }): string {
    return super.stringifyJsonLogObject({
      ...line,
      level: wordOf(line.level),
      timestamp: new Date(line.timestamp).toISOString(),
    });
  }
}

/**
 * As Nest makes it, but without its search for nested secrets, circles and sizes, for which plain facts have no room, and without
 * an object for the line: every request logs a few. No fact can take the place of what the frame says.
 */
function lineOf(level: string, message: string, context: string | undefined, params: Facts = {}): string {
  const timestamp = new Date().toISOString();
  let line = `{"level":"${wordOf(level)}","pid":${process.pid},"timestamp":"${timestamp}","message":${quoted(message)}`;
  if (context) line += `,"context":${quoted(context)}`;
  const work: Facts = { ...logContext() };
  for (const name of Object.keys(work)) if (!(name in params)) line += textOf(name, work[name]);
  for (const name of Object.keys(params)) line += textOf(name, params[name]);
  return `${line}}`;
}

/** Nothing of a fact that has no value. */
function textOf(name: string, value: unknown): string {
  if (value === undefined || inFrame.has(name)) return '';
  return `,${quoted(name)}:${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`;
}

/** As JSON. Most texts are taken as they are: JSON.stringify costs more than all else about them. */
function quoted(text: string): string {
  return /["\\\p{Cc}\p{Cs}]/u.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function wordOf(level: string): string {
  return level === 'log' ? 'info' : level;
}

type Facts = Record<string, unknown>;

/** The facts that have a value; undefined where none has. */
function known(facts: Facts): Facts | undefined {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function isPlain(facts: Facts = {}): boolean {
  return Object.keys(facts).every((name) => plainTypes.has(typeof facts[name]) && !isSecret.test(name));
}

type PrintAsJsonArguments = Parameters<ConsoleLogger['printAsJson']>;
type PrintArguments = Parameters<ConsoleLogger['printMessages']>;
