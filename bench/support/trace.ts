import type { EngineCall, EngineProxy } from '../../test/support/engine-proxy.js';
import { templateOf } from '../../test/support/engine-calls.js';

export interface TracedCall {
  call: string;
  beganMs: number;
  endedMs: number;
}

/** Notes when each call to the engine begins and ends, as seen between the service and the engine. */
export class Trace {
  private readonly calls = new Map<EngineCall, TracedCall>();

  constructor(private readonly proxy: EngineProxy) {
    this.begin();
  }

  /** Where the service finds the engine. */
  get dockerHost(): string {
    return this.proxy.dockerHost;
  }

  /** Forgets what was noted. */
  begin(): void {
    this.proxy.reset();
    this.calls.clear();
    this.proxy.hooks = {
      before: (call) => {
        const beganMs = performance.now();
        this.calls.set(call, { call: templateOf(call.method, call.path), beganMs, endedMs: beganMs });
        return 'forward';
      },
      after: (call) => {
        const traced = this.calls.get(call);
        if (traced) traced.endedMs = performance.now();
        return 'forward';
      },
    };
  }

  /** In the order in which they began. */
  get all(): TracedCall[] {
    return [...this.calls.values()];
  }

  /** How long at least one call was under way: the time that the engine, and the registry behind it, took. */
  get busyMs(): number {
    return busyMs(this.all);
  }
}

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
