import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a command of the service as an operator does where no service is at work: with these settings, and nothing else. */
export async function runCommand(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['bundle/main.cjs', ...args], {
      env: { PATH: process.env.PATH ?? '', ...env },
      timeout: 50_000,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}
