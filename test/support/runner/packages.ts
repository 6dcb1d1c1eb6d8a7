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
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: run this as root on Debian or Ubuntu, or install ${packages.join(', ')}`,
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

/** Whether a program is there, or could be installed from Debian: for tests that are skipped, and counted so, without it. */
export function canHave(program: string, debianPackage: string): boolean {
  if (isInstalled(program)) return true;
  try {
    install([debianPackage], [program]);
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  }
  return isInstalled(program);
}
