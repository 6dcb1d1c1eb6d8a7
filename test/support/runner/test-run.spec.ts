import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TestRun } from './test-run.js';
import { until } from './until.js';

/** A run with a child of its own, and a file, that tells where they are. */
const script = `
  import { spawn } from 'node:child_process';
  import { writeFileSync } from 'node:fs';
  import { TestRun } from './test/support/runner/test-run.ts';
  const run = new TestRun();
  writeFileSync(run.folder + '/file', '');
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600_000)'], { detached: true, stdio: 'ignore' });
  run.takeAlong(child);
  console.log(JSON.stringify({ folder: run.folder, child: child.pid }));
  setTimeout(() => {}, 600_000);
`;

describe(TestRun.name, () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)('leaves nothing behind after %s', async (signal, exitCode) => {
    const run = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface({ input: run.stdout }), 'line')) as [string];
    const { folder, child } = JSON.parse(line) as { folder: string; child: number };
    expect(existsSync(folder)).toBe(true);
    run.kill(signal);
    const [code] = (await once(run, 'exit')) as [number | null];
    expect(code).toBe(exitCode);
    await until('the end of all that it started', 15_000, () =>
      existsSync(folder) || isAlive(child) ? undefined : true,
    );
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
