import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { templateOf } from '../../test/support/engine/engine-calls.js';

export interface TracedCall {
  call: string;
  beganMs: number;
  endedMs: number;
}

/** When each call to the engine begins and ends, as a service sees it that runs with bench/support/note-calls.cjs. */
export class Trace {
  static readonly nodeOptions = ['--require', './bench/support/note-calls.cjs'];

  constructor(private readonly service: ChildProcess) {}

  /** Forgets what was noted. */
  begin(): void {
    this.service.send('forget');
  }

  /** In the order in which they began; without those that are not over. */
  async calls(): Promise<TracedCall[]> {
    const answer = once(this.service, 'message') as Promise<[Noted[]]>;
    this.service.send('tell');
    const [noted] = await answer;
    return noted.flatMap(({ method, path, beganMs, endedMs }) =>
      endedMs === undefined ? [] : [{ call: templateOf(method, path.replace(/^\/v1\.\d+/, '')), beganMs, endedMs }],
    );
  }
}

interface Noted {
  method: string;
  path: string;
  beganMs: number;
  endedMs?: number;
}

/** How long at least one call was under way: the time that the engine, and the registry behind it, took. */
export function busyMs(calls: readonly TracedCall[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const { beganMs, endedMs } of calls.toSorted((a, b) => a.beganMs - b.beganMs)) {
    sum += Math.max(0, endedMs - Math.max(beganMs, until));
    until = Math.max(until, endedMs);
  }
  return sum;
}

/** A table of all calls of one update: what, when, how long, and how long it was since the engine had nothing to do. */
export function traceTable(calls: readonly TracedCall[]): string {
  const [first] = calls;
  if (!first) return '';
  let until = first.beganMs;
  const lines = calls.map(({ call, beganMs, endedMs }) => {
    const idle = Math.max(0, beganMs - until);
    until = Math.max(until, endedMs);
    const column = (value: number): string => value.toFixed(1);
    return `| ${column(beganMs - first.beganMs)} | \`${call}\` | ${column(endedMs - beganMs)} | ${column(idle)} |`;
  });
  return ['| at (ms) | call | took (ms) | before it, no call (ms) |', '|---|---|---|---|', ...lines].join('\n');
}
