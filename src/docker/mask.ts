const veil = '***';
/** Environment values that are shorter are ordinary words and numbers; masking them would make every text unreadable. */
const shortestValue = 8;

/**
 * Replaces every place where one of the secrets stands by `***`; places that overlap or touch become one. A secret of which
 * the text shows only an end (it was cut before) is masked too, where that end has 8 characters or more.
 */
export function mask(text: string, secrets: readonly string[]): string {
  const places = secrets.flatMap((secret) => [...occurrences(text, secret), ...cutOccurrences(text, secret)]);
  places.sort(([a], [b]) => a - b);
  let masked = '';
  let shown = 0;
  for (const [start, end] of places) {
    if (start > shown || (start === 0 && shown === 0)) masked += text.slice(shown, start) + veil;
    shown = Math.max(shown, end);
  }
  return masked + text.slice(shown);
}

/**
 * What has to be masked where a value must not be seen: the value as it is and as JSON has it, and of one with several lines,
 * such as a private key, each line that is long enough, for logs are cut into lines.
 */
export function formsOf(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const forms = [value, JSON.stringify(value).slice(1, -1), ...(lines.length > 1 ? lines.filter(isLong) : [])];
  return [...new Set(forms)].filter((form) => form !== '');
}

/** The values of environment entries (`NAME=value`) that are long enough to be secrets. */
export function environmentValues(entries: readonly string[]): string[] {
  return entries.map((entry) => entry.slice(entry.indexOf('=') + 1)).filter(isLong);
}

function isLong(value: string): boolean {
  return value.length >= shortestValue;
}

type Place = [start: number, end: number];

function* occurrences(text: string, secret: string): Generator<Place> {
  if (secret === '') return;
  // From each place one further, for a secret may overlap itself.
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) yield [at, at + secret.length];
}

function* cutOccurrences(text: string, secret: string): Generator<Place> {
  const longest = Math.min(secret.length - 1, text.length);
  for (let length = longest; length >= shortestValue; length--) {
    if (text.startsWith(secret.slice(-length))) {
      yield [0, length];
      break;
    }
  }
  for (let length = longest; length >= shortestValue; length--) {
    if (text.endsWith(secret.slice(0, length))) {
      yield [text.length - length, text.length];
      break;
    }
  }
}
