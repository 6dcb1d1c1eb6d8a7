/**
 * A text, decoded in one of the ways in which programs encode what they print, and where each of its characters stands in the text as
 * it was printed: `starts[i]` up to `ends[i]`.
 */
export interface Reading {
  text: string;
  starts: Int32Array;
  ends: Int32Array;
}

/** The text itself. */
function asPrinted(text: string): Reading {
  const starts = Int32Array.from({ length: text.length }, (_, index) => index);
  return { text, starts, ends: starts.map((start) => start + 1) };
}

/**
 * The text as printed, and read as JSON, Go, Python or a shell quote it (twice, for JSON in JSON), as a URL or a form encodes it, and as
 * HTML does; a reading that would be the same as another one is left out.
 */
export function readingsOf(text: string): Reading[] {
  const printed = asPrinted(text);
  const unquoted = unquote(printed);
  const twice = unquoted && unquote(unquoted);
  const escaped = [printed, unquoted, twice].filter((reading) => reading !== undefined);
  return [
    ...escaped,
    ...escaped.flatMap((reading) => [unescapeUrl(reading) ?? [], unescapeHtml(reading) ?? []].flat()),
  ];
}

/**
 * Read for what stands in it as base64: the URL-safe alphabet as the usual one, and without the line breaks that programs put into
 * long ones.
 */
export function base64Reading(reading: Reading): Reading {
  const joined = decode(reading, /[\r\n]+/g, () => '') ?? reading;
  return { ...joined, text: joined.text.replaceAll('-', '+').replaceAll('_', '/') };
}

const controls: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', 0: '\0' };

function unquote(reading: Reading): Reading | undefined {
  return decode(
    reading,
    /((?:\\x[0-9a-f]{2})+)|\\u([0-9a-f]{4})|\\u\{([0-9a-f]{1,6})\}|\\U([0-9a-f]{8})|\\([^])/gi,
    ([, bytes, unit, braced, long, character = '']) => {
      if (bytes !== undefined) return utf8Of(bytes.replaceAll(/\\x/gi, ''));
      if (unit !== undefined) return String.fromCharCode(parseInt(unit, 16));
      const point = braced ?? long;
      if (point !== undefined) return codePoint(parseInt(point, 16));
      return controls[character] ?? character;
    },
  );
}

function unescapeUrl(reading: Reading): Reading | undefined {
  return decode(reading, /(?:%[0-9a-f]{2})+/gi, ([run = '']) => utf8Of(run.replaceAll('%', '')));
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeHtml(reading: Reading): Reading | undefined {
  return decode(
    reading,
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi,
    ([, hexadecimal, decimal, name = '']) => {
      if (hexadecimal !== undefined) return codePoint(parseInt(hexadecimal, 16));
      return decimal === undefined ? (entities[name.toLowerCase()] ?? '') : codePoint(Number(decimal));
    },
  );
}

/** Bytes that are no UTF-8 are characters of their own, as in the strings of Python. */
function utf8Of(hexadecimal: string): string {
  const bytes = Buffer.from(hexadecimal, 'hex');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

function codePoint(point: number): string {
  return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
}

/** Undefined where the pattern matches nothing. What one match stands for cannot be told apart further. */
function decode(
  { text, starts, ends }: Reading,
  pattern: RegExp,
  meaning: (match: readonly (string | undefined)[]) => string,
): Reading | undefined {
  const pieces: string[] = [];
  const newStarts = new Int32Array(text.length);
  const newEnds = new Int32Array(text.length);
  let length = 0;
  let done = 0;
  const keep = (end: number): void => {
    pieces.push(text.slice(done, end));
    newStarts.set(starts.subarray(done, end), length);
    newEnds.set(ends.subarray(done, end), length);
    length += end - done;
  };
  for (const match of text.matchAll(pattern)) {
    keep(match.index);
    done = match.index + match[0].length;
    const decoded = meaning(match);
    pieces.push(decoded);
    newStarts.fill(starts[match.index] ?? 0, length, length + decoded.length);
    newEnds.fill(ends[done - 1] ?? 0, length, length + decoded.length);
    length += decoded.length;
  }
  if (done === 0) return undefined;
  keep(text.length);
  return { text: pieces.join(''), starts: newStarts.subarray(0, length), ends: newEnds.subarray(0, length) };
}
