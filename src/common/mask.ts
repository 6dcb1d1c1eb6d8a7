import { base64Reading, readingsOf, type Reading } from './readings.js';
import { Substrings } from './substrings.js';

/** Makes a text fit to be told: secrets are replaced by `***`. */
export type Mask = (text: string) => string;

const veil = '***';
/** So much of a secret that was cut, or of its base64, must be there to be known. */
const minKnown = 8;

/**
 * Replaces every place where one of the secrets stands by `***`; places that overlap or touch become one. A secret stands there as it
 * is, quoted or escaped as programs do it (see readings.ts), as base64, alone or within something longer, and line by line
 * where it has several, for logs are cut into lines. A secret that was cut at either end of the text, or before `…` or `...`, is masked
 * too where 8 characters or more are left.
 *
 * Takes time in proportion to the text and the secrets together, whatever they are made of.
 */
export function masker(secrets: Iterable<string>): Mask {
  const plain = new Set<string>();
  const encoded = new Set<string>();
  for (const secret of new Set(secrets)) {
    if (secret.trim() === '') continue;
    for (const form of plainForms(secret)) plain.add(form);
    for (const form of base64Forms(secret)) encoded.add(form);
  }
  return (text) => {
    if (text === '' || plain.size === 0) return text;
    /** Where a veil begins counts up, where it ends counts down. */
    const veils = new Int32Array(text.length + 1);
    const hide = (start: number, end: number): void => {
      veils[start] = (veils[start] ?? 0) + 1;
      veils[end] = (veils[end] ?? 0) - 1;
    };
    for (const reading of readingsOf(text)) {
      search(reading, plain, () => false, hide);
      search(base64Reading(reading), encoded, isBase64, hide);
    }
    return veiled(text, veils);
  };
}

/** As `masker`, for a single text. */
export function mask(text: string, secrets: Iterable<string>): string {
  return masker(secrets)(text);
}

/**
 * Hides where the patterns stand in a reading.
 * @param isPartOf whether a character beside such a place tells something of what stands there
 */
function search(
  { text, starts, ends }: Reading,
  patterns: ReadonlySet<string>,
  isPartOf: (character: string) => boolean,
  hide: (start: number, end: number) => void,
): void {
  if (text === '' || patterns.size === 0) return;
  const found = new Substrings(text, minKnown);
  for (const pattern of patterns) found.add(pattern);
  for (const [start, end] of found.places(cutsOf(text))) {
    const first = isPartOf(text.charAt(start - 1)) && ends[start - 1] === starts[start] ? start - 1 : start;
    const last = isPartOf(text.charAt(end)) && starts[end] === ends[end - 1] ? end : end - 1;
    hide(starts[first] ?? 0, ends[last] ?? 0);
  }
}

/** Where a text may have been cut: at its end, before an ellipsis, and before what is left there of an escape or a character. */
function cutsOf(text: string): number[] {
  const cuts = new Set<number>();
  const cut = /(%[0-9a-f]?|\\(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|&#?\w{0,6}|\ufffd+)?(?:\.\.\.|…|$)/gi;
  for (const { index, 1: torn = '' } of text.matchAll(cut)) cuts.add(index).add(index + torn.length);
  return [...cuts];
}

function isBase64(character: string): boolean {
  return /^[A-Za-z0-9+/]$/.test(character);
}

function veiled(text: string, veils: Int32Array): string {
  let masked = '';
  let depth = 0;
  let shown = 0;
  for (let at = 0; at <= text.length; at++) {
    const change = veils[at] ?? 0;
    if (depth === 0 && change > 0) masked += text.slice(shown, at) + veil;
    depth += change;
    if (depth > 0) shown = at + 1;
  }
  return masked + text.slice(shown);
}

function plainForms(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const further = [
    // As error messages have it, on one line, and as forms encode spaces.
    secret.replace(/\p{Cc}+|\s+/gu, ' ').trim(),
    secret.replaceAll(' ', '+'),
    ...(lines.length > 1 ? lines : []),
  ];
  return [secret, ...further.filter((form) => form.length >= minKnown)];
}

/**
 * The characters of base64 that the secret alone decides, for each of the three places within its groups of three bytes at which it
 * may begin. The characters beside them hold a few of its bits too.
 */
function base64Forms(secret: string): string[] {
  return [0, 1, 2]
    .map((before) => {
      const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
      const wholly = Math.floor((bytes.length * 8) / 6);
      return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), wholly);
    })
    .filter((form) => form.length >= minKnown);
}
