import { spawnSync } from 'node:child_process';

/** Why something cannot be had on this machine, and what to do about it. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}

/**
 * Installs Debian packages where that is possible: as root, and saying so first.
 * @param missing what the packages are for, as the reason says it
 * @throws Unavailable with what to install
 */
export function install(packages: string[], missing: string[]): void {
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    throw new Unavailable(
      `no Docker Engine answers, and a private one needs ${missing.join(', ')}: start Docker, or run this as root on Debian or Ubuntu, or install ${packages.join(', ')}`,
    );
  }
  process.stdout.write(`Installing ${packages.join(', ')} (apt-get) …\n`);
  if (!apt(['update']) || !apt(['install', '-y', '--no-install-recommends', ...packages]))
    throw new Unavailable(`apt-get could not install ${packages.join(', ')}`);
}

function apt(args: string[]): boolean {
  const { status } = spawnSync('apt-get', ['-qq', '-o=Dpkg::Use-Pty=0', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}
