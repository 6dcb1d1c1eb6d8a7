import { parseDurationMs } from '../common/duration.js';
import { parsePaths } from '../common/path-list.js';

/** How a text says what an option of an update is. */
export interface OptionKind<T> {
  /** What the text must be, to follow "must be". */
  rule: string;
  /** The value, or undefined if the text is not understood. */
  parse: (text: string) => T | undefined;
}

const maxDurationMs = 24 * 3_600_000;

/** Spellings of Go's `strconv.ParseBool`, which Docker uses, and of YAML 1.1, in any case. */
const flags = new Map([
  ...['true', 't', '1', 'yes', 'y', 'on'].map((text) => [text, true] as const),
  ...['false', 'f', '0', 'no', 'n', 'off'].map((text) => [text, false] as const),
]);

export const flag: OptionKind<boolean> = {
  rule: 'true or false (or yes, no, on, off, 1, 0)',
  parse: (text) => flags.get(normalise(text)),
};

/** In milliseconds. */
const duration: OptionKind<number> = {
  rule: 'a duration such as 30s or 1m30s, at most 24h',
  parse: (text) => {
    const ms = parseDurationMs(normalise(text));
    return ms === undefined || ms > maxDurationMs ? undefined : ms;
  },
};

/** In milliseconds, for a limit: with none of it nothing could ever prove itself. */
const positiveDuration: OptionKind<number> = {
  rule: 'a duration such as 30s or 1m30s, longer than 0 and at most 24h',
  parse: (text) => (duration.parse(text) === 0 ? undefined : duration.parse(text)),
};

const maxCount = 100;

const count: OptionKind<number> = {
  rule: `a whole number from 0 to ${maxCount}`,
  parse: (text) => (/^\d{1,3}$/.test(text.trim()) && Number(text) <= maxCount ? Number(text) : undefined),
};

/** One of several words, in any case. */
export interface ChoiceKind<T extends string> extends OptionKind<T> {
  choices: readonly T[];
}

const pathsRule = 'absolute paths without . and .., with commas between them, such as /srv,/etc/app.conf';

const paths: OptionKind<string[]> = { rule: pathsRule, parse: parsePaths };

const pathsOrNone: OptionKind<string[] | 'none'> = {
  rule: `none, or ${pathsRule}`,
  parse: (text) => (normalise(text) === 'none' ? 'none' : parsePaths(text)),
};

function choice<T extends string>(...choices: readonly T[]): ChoiceKind<T> {
  return {
    rule: `${choices.slice(0, -1).join(', ')} or ${String(choices.at(-1))}`,
    parse: (text) => choices.find((each) => each === normalise(text)),
    choices,
  };
}

function normalise(text: string): string {
  return text.trim().toLowerCase();
}

/**
 * The options of an update that a label sets, and the policy under the same name where it can. Both are read by this
 * table alone, so that a text means the same in either.
 */
export const optionKinds = {
  enable: flag,
  settle: duration,
  timeout: positiveDuration,
  proof: choice('healthy', 'running', 'none'),
  unhealthyGrace: duration,
  proofRestarts: count,
  onFailure: choice('rollback', 'stop'),
  order: choice('stop-first', 'start-first'),
  drain: duration,
  shareVolumes: flag,
  keepMac: flag,
  allowAutoRemove: flag,
  start: flag,
  logTail: flag,
  copiedFiles: pathsOrNone,
  renewVolumes: paths,
  /** In the policy alone: the operator's way to say what the label `enable=false` says. */
  disabled: flag,
} as const;

export type OptionName = keyof typeof optionKinds;
export type OptionValue<Name extends OptionName> = NonNullable<ReturnType<(typeof optionKinds)[Name]['parse']>>;
