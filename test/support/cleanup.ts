type Task = () => Promise<void> | void;

const tasks: Task[] = [];

/** Runs the task, in reverse order of registration, when `cleanUp` is called or the process is told to end. */
export function onCleanUp(task: Task): void {
  if (tasks.length === 0) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        void cleanUp().finally(() => process.exit(130));
      });
    }
  }
  tasks.push(task);
}

/** Ends and removes all that was started; each is tried, whatever becomes of the others. */
export async function cleanUp(): Promise<void> {
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    try {
      await task();
    } catch (error) {
      process.stderr.write(`cleaning up: ${(error as Error).message}\n`);
    }
  }
}
