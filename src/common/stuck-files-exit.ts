import { hasStuckFiles } from './file-timeout.js';

/** Ends a process whose calls to files hang: `process.exit` would wait for them for ever. Its exit code is lost then. */
export function endInSpiteOfStuckFiles(): void {
  process.once('exit', () => {
    if (!hasStuckFiles()) return;
    process.kill(process.pid, 'SIGKILL');
    // The first process of a container is immune to its own signals.
    process.abort();
  });
}
