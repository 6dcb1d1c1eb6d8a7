// Does the time of a refusal tell how much of a token was right? Compares tokens that differ from the secret in the first byte
// with tokens that differ in the last one, by Welch's t-test on interleaved measurements of the code that checks them, and,
// so that a difference would be seen, does the same with a comparison that stops at the first wrong byte.
// Usage: npm run bench:tokens [-- --quick]. Exit code 1 where a difference is seen.
import { randomBytes } from 'node:crypto';
import { digestOf, fixedSecret } from '../src/config/secret.js';

const rounds = process.argv.includes('--quick') ? 20_000 : 200_000;
/** Beyond this |t| a difference is taken for real (as in dudect, Reparaz et al. 2017). */
const threshold = 4.5;

const token = randomBytes(32).toString('hex');
const wrongAt = (index: number): string =>
  token.slice(0, index) + (token[index] === '0' ? '1' : '0') + token.slice(index + 1);
const first = wrongAt(0);
const last = wrongAt(token.length - 1);

const secret = fixedSecret(digestOf(token));
const ours = (given: string): boolean => secret.matches(digestOf(given));
/** What nobody should use; long enough to be seen in the noise. */
const naive = (given: string): boolean => {
  for (let repeat = 0; repeat < 4; repeat++) {
    for (let index = 0; index < token.length; index++) if (given[index] !== token[index]) return false;
  }
  return true;
};

interface Sample {
  mean: number;
  variance: number;
  size: number;
}

function sampleOf(values: number[]): Sample {
  // Interruptions are far longer than what is measured: the slowest twentieth is left out, on both sides alike.
  const kept = values.toSorted((a, b) => a - b).slice(0, Math.floor(values.length * 0.95));
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1);
  return { mean, variance, size: kept.length };
}

function measure(compare: (given: string) => boolean): { t: number; firstNs: number; lastNs: number } {
  const times = { first: [] as number[], last: [] as number[] };
  const once = (given: string): number => {
    const started = process.hrtime.bigint();
    compare(given);
    return Number(process.hrtime.bigint() - started);
  };
  for (let warming = 0; warming < 20_000; warming++) once(warming % 2 === 0 ? first : last);
  for (let round = 0; round < rounds; round++) {
    // In random order, so that neither always follows the other.
    if (Math.random() < 0.5) {
      times.first.push(once(first));
      times.last.push(once(last));
    } else {
      times.last.push(once(last));
      times.first.push(once(first));
    }
  }
  const [a, b] = [sampleOf(times.first), sampleOf(times.last)];
  const t = (a.mean - b.mean) / Math.sqrt(a.variance / a.size + b.variance / b.size);
  return { t, firstNs: a.mean, lastNs: b.mean };
}

function tell(name: string, { t, firstNs, lastNs }: ReturnType<typeof measure>): void {
  const difference = (firstNs - lastNs).toFixed(1);
  console.log(
    `${name}: wrong first byte ${firstNs.toFixed(0)} ns, wrong last byte ${lastNs.toFixed(0)} ns, difference ${difference} ns, t = ${t.toFixed(2)}`,
  );
}

console.log(
  `${rounds} measurements of each, Node ${process.version}; a difference is taken for real where |t| > ${threshold}`,
);
const control = measure(naive);
tell('a comparison that stops early', control);
const result = measure(ours);
tell('the comparison of this service', result);
if (Math.abs(control.t) <= threshold) {
  console.log('The measurement is of no use here: it does not even see the comparison that stops early.');
  process.exitCode = 2;
} else if (Math.abs(result.t) > threshold) process.exitCode = 1;
