import * as z from 'zod';
import { EngineError } from './engine-error.js';
import type { PathStat } from './engine-types.js';

const pathStatSchema = z.looseObject({ name: z.string(), size: z.number(), mode: z.number(), mtime: z.string() });
const eventSchema = z.looseObject({
  Action: z.string().optional(),
  Actor: z.looseObject({ Attributes: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

/** Reads the header in which the engine tells of a path; fields that a newer engine adds are allowed. @param header base64 of JSON. @throws EngineError if it is anything else */
export function pathStatIn(header: string): PathStat {
  return parse('X-Docker-Container-Path-Stat', pathStatSchema, Buffer.from(header, 'base64').toString());
}

/**
 * Reads the attributes of the last of several events, one JSON document a line. An attribute that is no text, which a newer engine may
 * add, is left out.
 * @throws EngineError if that is anything else
 */
export function lastAttributes(lines: string): Record<string, string> | undefined {
  const last = lines.trim().split('\n').at(-1);
  const attributes = last ? parse('an event', eventSchema, last).Actor?.Attributes : undefined;
  return attributes ? Object.fromEntries(Object.entries(attributes).filter(isText)) : undefined;
}

/**
 * Reads which signals were sent to a container since the last of its starts, from its events, one JSON document a line.
 * @returns the signals by their numbers; undefined if no start is among the events
 * @throws EngineError if that is anything else
 */
export function signalsSinceStart(lines: string): string[] | undefined {
  const events = lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => parse('an event', eventSchema, line));
  const start = events.findLastIndex(({ Action }) => Action === 'start');
  if (start < 0) return undefined;
  const kills = events.slice(start + 1).filter(({ Action }) => Action === 'kill');
  return kills.map(({ Actor }) => String(Actor?.Attributes?.signal));
}

function isText(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string';
}

function parse<T>(what: string, schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new EngineError(what, 200, 'the answer does not have the form that the Docker API describes', {
      cause: error,
    });
  }
}
