/** Sequences that steer a terminal: colours, cursor, titles (ECMA-48). */
// eslint-disable-next-line no-control-regex -- what is looked for
const terminalSequences = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** Control characters, line separators, invisible characters, and those that turn the direction of text around. */
const unprintable =
  // eslint-disable-next-line no-control-regex -- what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const unprintableButLineBreaks = new RegExp(
  unprintable.source.replace('\\u0000-\\u001f', '\\u0000-\\u0009\\u000b-\\u001f'),
  'g',
);

/** What JSON writes as an escape, or as it is, and a reader would decode to an unprintable character. */
const unprintableInJson = /\\[bfnrtu]|[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;

/**
 * Makes a text safe for logs, terminals and answers, whoever wrote it: sequences that steer a terminal are left out, and other
 * unprintable characters are written as their codes, such as `\u202e`; a tab becomes a space.
 */
export function printable(text: string): string {
  return replaced(text, unprintable);
}

/** The same for texts of several lines, such as stack traces, whose line breaks stay. */
export function printableLines(text: string): string {
  return replaced(text, unprintableButLineBreaks);
}

/** Fields that have several lines: stack traces, and what a HEALTHCHECK printed. */
const ofSeveralLines = new Set(['stack', 'healthOutput']);

/** The same for every text within a value, names included. Fields of several lines keep their line breaks. */
export function printableDeep(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(printableDeep);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      printable(name),
      ofSeveralLines.has(name) && typeof item === 'string' ? printableLines(item) : printableDeep(item),
    ]),
  );
}

/** Writes a value as JSON that holds only printable texts, also once a reader has decoded it. */
export function printableJson(value: unknown): string {
  return madePrintable(JSON.stringify(value));
}

/** The same for a text that is JSON already. */
export function madePrintable(json: string): string {
  return unprintableInJson.test(json) ? JSON.stringify(printableDeep(JSON.parse(json))) : json;
}

function replaced(text: string, characters: RegExp): string {
  if (text.search(characters) < 0) return text;
  return text
    .replace(terminalSequences, '')
    .replace(characters, (character) =>
      character === '\t' ? ' ' : (short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
    );
}

const short: Record<string, string> = { '\n': '\\n', '\r': '\\r' };
