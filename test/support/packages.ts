import { spawnSync } from 'node:child_process';

/** Why something cannot be had on this machine, and what to do about it. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}

let listsAreFresh = false;

/**
 * Makes sure that programs are there, installing Debian packages where that is possible: as root, and saying so first.
 * @throws Unavailable with what to install
 */
export function ensurePrograms(packageOf: Record<string, string>): void {
  const missing = Object.keys(packageOf).filter((program) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => packageOf[program] ?? program))];
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    throw new Unavailable(
      `no Docker Engine answers, and a private one needs ${missing.join(', ')}; start Docker, or run as root on Debian or Ubuntu, or install: ${packages.join(' ')}`,
    );
  }
  process.stdout.write(`Installing ${packages.join(', ')} (apt-get) …\n`);
  const apt = (args: string[]): boolean =>
    spawnSync('apt-get', ['-qq', '-o=Dpkg::Use-Pty=0', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  if (!listsAreFresh) listsAreFresh = apt(['update']);
  if (!apt(['install', '-y', '--no-install-recommends', ...packages]))
    throw new Unavailable(`apt-get could not install ${packages.join(' ')}`);
}
