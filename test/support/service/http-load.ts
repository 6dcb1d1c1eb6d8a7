// A process of its own, so that what asks is not held up by what tests: asks the URLs in turn, at a steady rate, whatever
// becomes of each request, so many times or until its standard input ends; then waits for the last answer and prints what
// it has seen. Usage: http-load.ts REQUESTS_PER_SECOND REQUESTS|Infinity URL…
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

export interface Load {
  requests: number;
  failed: number;
  /** The first ones. */
  failures: string[];
  /** What was answered, each once. */
  answers: string[];
  slowestMs: number;
}

const perSecond = Number(process.argv[2]);
const atMost = Number(process.argv[3]);
const urls = process.argv.slice(4);
/** As a proxy's own clients do: connections are kept, and there are no more of them than the proxy can hold. */
const agent = new Agent({ keepAlive: true, maxSockets: 100 });
const load: Load = { requests: 0, failed: 0, failures: [], answers: [], slowestMs: 0 };

/** @throws Error with the status, where it is not 200 */
async function answerOf(url: string): Promise<string> {
  const asked = get(url, { agent, timeout: 60_000 });
  asked.once('timeout', () => asked.destroy(new Error('no answer within a minute')));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(String(response.statusCode));
  return answer;
}

async function ask(url: string): Promise<void> {
  const began = performance.now();
  try {
    const answer = await answerOf(url);
    if (!load.answers.includes(answer)) load.answers.push(answer);
  } catch (error) {
    load.failed += 1;
    if (load.failures.length < 5) load.failures.push(`${new Date().toISOString()} ${url}: ${(error as Error).message}`);
  }
  load.slowestMs = Math.max(load.slowestMs, Math.round(performance.now() - began));
}

const over = new AbortController();
process.stdin.resume().once('end', () => {
  over.abort();
});
const pending = new Set<Promise<void>>();
const began = performance.now();
while (!over.signal.aborted && load.requests < atMost) {
  const due = ((performance.now() - began) / 1000) * perSecond;
  while (load.requests < Math.min(due, atMost)) {
    const asked = ask(urls[load.requests++ % urls.length] ?? '');
    pending.add(asked);
    void asked.then(() => pending.delete(asked));
  }
  await setTimeout(5);
}
await Promise.all(pending);
process.stdout.write(JSON.stringify(load));
process.exit();
