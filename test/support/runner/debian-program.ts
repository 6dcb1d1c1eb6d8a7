import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from './packages.js';

/** How to run a program that may have been unpacked rather than installed. */
export interface DebianProgram {
  path: string;
  env: Record<string, string>;
}

/**
 * A program that some tests check things with: the installed one, or one unpacked from Debian's packages into `.cache`, so that
 * nothing is installed and no service of the package is started. Undefined where neither can be had: then those tests
 * are skipped, and counted so.
 * @param packages the package of the program first, then those of the libraries that it needs
 */
export function debianProgram(name: string, packages: string[]): DebianProgram | undefined {
  if (isInstalled(name)) return { path: name, env: {} };
  const root = join('.cache', 'debian', packages[0] ?? name);
  if (!existsSync(root) && !unpack(packages, root)) return undefined;
  const path = ['usr/bin', 'usr/sbin', 'bin'].map((folder) => join(process.cwd(), root, folder, name)).find(existsSync);
  const libraries = join(
    process.cwd(),
    root,
    'usr/lib',
    `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
  );
  return path === undefined ? undefined : { path, env: { LD_LIBRARY_PATH: libraries } };
}

function unpack(packages: string[], root: string): boolean {
  if (!isInstalled('apt-get') || !isInstalled('dpkg-deb')) return false;
  process.stdout.write(`Unpacking ${packages.join(', ')} into ${root} (apt-get download) …\n`);
  mkdirSync(join(root, '..'), { recursive: true });
  const work = mkdtempSync(`${root}-`);
  try {
    const run = (program: string, ...args: string[]): boolean =>
      spawnSync(program, args, { cwd: work, stdio: 'ignore', timeout: 120_000 }).status === 0;
    const download = (): boolean => run('apt-get', '-qq', 'download', ...packages);
    if (!download() && !(run('apt-get', '-qq', 'update') && download())) return false;
    const archives = readdirSync(work).filter((file) => file.endsWith('.deb'));
    if (!archives.every((file) => run('dpkg-deb', '-x', file, 'root'))) return false;
    renameSync(join(work, 'root'), root);
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
