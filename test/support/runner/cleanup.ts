import { constants } from 'node:os';

type Task = () => Promise<void> | void;

const tasks: Task[] = [];
let listening = false;
let interrupted = false;
let ending: Promise<void> | undefined;

/** Runs the task, in reverse order of registration, when `cleanUp` is called or the process is told to end. */
export function onCleanUp(task: Task): void {
  listen();
  tasks.push(task);
}

/** Ends and removes all that was started; each is tried, whatever becomes of the others. */
export function cleanUp(): Promise<void> {
  ending ??= runTasks().finally(() => (ending = undefined));
  return ending;
}

/** Whether a signal ends the process: what fails now, fails because of that. */
export function isInterrupted(): boolean {
  return interrupted;
}

async function runTasks(): Promise<void> {
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    try {
      await task();
    } catch (error) {
      process.stderr.write(`cleaning up: ${(error as Error).message}\n`);
    }
  }
}

function listen(): void {
  if (listening) return;
  listening = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Listens on after the first one: npm and an impatient Ctrl-C send it twice, and half a clean-up is none.
    process.on(signal, () => {
      if (interrupted) return;
      interrupted = true;
      process.stderr.write(`\n${signal}: cleaning up …\n`);
      void cleanUp().finally(() => process.exit(128 + constants.signals[signal]));
    });
  }
}
