import { execFile } from 'node:child_process';
import { install, isInstalled } from '../runner/packages.js';

/** Whether curl can be run here; installed where that is possible. */
export function haveCurl(): boolean {
  if (isInstalled('curl')) return true;
  try {
    install(['curl'], ['curl']);
  } catch {
    return false;
  }
  return isInstalled('curl');
}

export interface CurlResult {
  exitCode: number;
  body: string;
  stderr: string;
}

/** Runs curl with these arguments, as a CI job would: without a shell, and without whatever proxy this machine uses. */
export function curl(args: string[]): Promise<CurlResult> {
  return new Promise((resolve) => {
    execFile('curl', args, { env: { PATH: process.env.PATH }, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : error ? -1 : 0, body: stdout, stderr });
    });
  });
}
