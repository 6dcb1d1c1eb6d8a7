import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface RunningProcess {
  pid: number;
  parentPid: number;
  program: string;
  commandLine: string;
  /** The kernel's name of its network namespace, such as `net:[4026531833]`. */
  networkNamespace: string;
}

/** The processes of this machine, as /proc shows them: empty where there is no /proc. */
export function runningProcesses(): RunningProcess[] {
  return listed('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => describe(Number(pid)) ?? []);
}

export function isAlive(pid: number): boolean {
  return describe(pid) !== undefined;
}

/** Sends a signal to each process, or to each group where the number is negative; those that are gone do not matter. */
export function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // gone
    }
  }
}

/** Waits until none of the processes lives, or until the time is up; answers whether all are gone. */
export async function allGone(pids: number[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) return false;
    await setTimeout(50);
  }
  return true;
}

function describe(pid: number): RunningProcess | undefined {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    // "pid (name) state parent …", where the name may hold anything, parentheses too
    const [state = '', parentPid = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    if (state === 'Z' || commandLine === '') return undefined;
    return {
      pid,
      parentPid: Number(parentPid),
      program: basename(commandLine.split(' ')[0] ?? ''),
      commandLine,
      networkNamespace: readlinkSync(`/proc/${pid}/ns/net`),
    };
  } catch {
    return undefined;
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
