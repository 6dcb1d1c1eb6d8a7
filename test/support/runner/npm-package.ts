import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folder of an npm package that one test alone needs and that would make every installation much longer: put into `.cache` once.
 * Undefined where it cannot be had: then the test is skipped, and counted so.
 */
export function npmPackage(name: string, version: string): string | undefined {
  const prefix = join(process.cwd(), '.cache', 'npm', `${name}-${version}`);
  const folder = join(prefix, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return folder;
  const args = [
    'install',
    '--prefix',
    prefix,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-save',
    `${name}@${version}`,
  ];
  const { status } = spawnSync('npm', args, { stdio: 'ignore', timeout: 120_000 });
  return status === 0 ? folder : undefined;
}
