import { readFileSync } from 'node:fs';

/** What a lane tells the runner, once, before it takes work. */
export interface LaneReady {
  ready: string;
  /** Whether its engine is its own: only then can there be a second lane. */
  isPrivateEngine: boolean;
}

/** What came of one piece of work: counts as `npm test` prints them, and what Jest wrote. */
export interface JobDone {
  passed: number;
  failed: number;
  skipped: number;
  output: string;
}

/** A piece of work: arguments for Jest. None at all: there is no more, end. */
export type Job = string[];

/** Whether a file of tests asks for the newest engine beside the usual one: it is started for those alone. */
export function needsNewestEngine(file: string): boolean {
  return /describeOn(Each|Newest)(Engine|Swarm)/.test(readFileSync(file, 'utf8'));
}
