import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onCleanUp } from './cleanup.js';
import { removeLeftovers, type Leftovers } from './leftovers.js';

/**
 * A run of the tests, the demo or a benchmark: one prefix for all names, one folder for all files. What it started is gone
 * after `cleanUp`, after a signal, and, by its guardian, after it was killed.
 */
export class TestRun {
  readonly id = `tdp-${randomBytes(3).toString('hex')}`;
  readonly folder = join(realpathSync(tmpdir()), this.id);
  private readonly left: Leftovers = { runId: this.id, folder: this.folder, groups: [] };
  private readonly guardian: ChildProcess;

  constructor() {
    mkdirSync(this.folder);
    const script = fileURLToPath(new URL('guardian.ts', import.meta.url));
    this.guardian = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // Not of this group: a Ctrl-C is for the run, and the guardian sees that it is obeyed.
      detached: true,
    });
    this.guardian.unref();
    // What any part of the run leaves in the folder for temporary files goes with the run.
    process.env.TMPDIR = this.folder;
    this.guardian.stdin?.on('error', () => undefined);
    this.mayLeave({});
    onCleanUp(async () => {
      await removeLeftovers(this.left);
      this.guardian.stdin?.end('null\n');
    });
  }

  /** To be called before the thing is made, so that there is no moment at which nobody knows of it. */
  mayLeave(more: Partial<Leftovers>): void {
    Object.assign(this.left, more);
    this.guardian.stdin?.write(`${JSON.stringify(this.left)}\n`);
  }

  /** Ends the process, and all of its group, with the run. It must have been started detached. */
  takeAlong(child: ChildProcess): void {
    const { pid } = child;
    if (pid === undefined) return;
    this.mayLeave({ groups: [...this.left.groups, pid] });
    // A group outlives its leader: a service that a test started may still run.
    child.once('exit', () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // the usual case: nobody is left
      }
      this.mayLeave({ groups: this.left.groups.filter((group) => group !== pid) });
    });
  }
}
