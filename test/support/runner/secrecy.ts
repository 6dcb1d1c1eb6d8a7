import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names the folder of a run in which all of its processes keep what is to be searched. Without it nothing is kept. */
export const secrecyVariable = 'TEST_SECRECY';

/** Shorter ones occur by chance. */
const shortestSecret = 8;

function append(name: string, lines: readonly string[]): void {
  const folder = process.env[secrecyVariable];
  if (folder === undefined || lines.length === 0) return;
  appendFileSync(join(folder, `${name}-${process.pid}`), lines.map((line) => `${line}\n`).join(''));
}

/** Says that a text is a secret: at the end of the run it must not be found in anything that was recorded. */
export function keepSecret(...secrets: string[]): void {
  append(
    'secrets',
    secrets.filter((secret) => secret.length >= shortestSecret),
  );
}

/** Keeps what the service told somebody: lines of its log, answers. */
export function recordOutput(texts: readonly string[]): void {
  append('output', texts);
}

export interface Disclosed {
  /** How many secrets were looked for, in how many lines. */
  secrets: number;
  lines: number;
  /** The lines with a secret in them, the secret masked. */
  found: string[];
}

/** Looks for every secret of the run in every output of the run. */
export function findDisclosed(folder: string): Disclosed {
  const linesOf = (name: string): string[] =>
    readdirSync(folder)
      .filter((file) => file.startsWith(name))
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
      .filter((line) => line !== '');
  const secrets = [...new Set(linesOf('secrets'))];
  const lines = linesOf('output');
  const found = lines.flatMap((line) => {
    const secret = secrets.find((each) => line.includes(each));
    return secret === undefined ? [] : [line.replaceAll(secret, '***').slice(0, 500)];
  });
  return { secrets: secrets.length, lines: lines.length, found };
}
