import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { isInstalled } from './packages.js';

/** The POSIX shells of this machine, as argument lists that a script's path follows. */
export const shells = (
  [
    ['sh', 'sh'],
    ['dash', 'dash'],
    ['bash', 'bash', '--posix'],
    ['busybox', 'busybox', 'ash'],
  ] as const
)
  .filter(([, program]) => isInstalled(program))
  .map(([name, ...command]) => ({ name: name, command: command }));

export interface ScriptRun {
  code: number | null;
  /** Standard output and standard error, as a job's log shows them. */
  log: string;
}

/** Runs a command with nothing in its environment but what it is given, and the path to programs. */
export class Script {
  private log = '';
  private readonly ended: Promise<ScriptRun>;

  constructor(command: readonly string[], env: Record<string, string>, cwd?: string) {
    const [program = '', ...args] = command;
    const child: ChildProcess = spawn(program, args, {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    this.ended = once(child, 'close').then(([code]) => ({ code: code as number | null, log: this.log }));
  }

  get logSoFar(): string {
    return this.log;
  }

  end(): Promise<ScriptRun> {
    return this.ended;
  }
}
