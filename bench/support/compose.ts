import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { debianRoot } from '../../test/support/runner/debian-root.js';

/** Compose as people have it today: how it is called, and its version. */
export interface Compose {
  program: string;
  args: string[];
  version: string;
}

/** `docker compose`, or the same program out of the Debian root that the newest engine comes from. Undefined where neither can be had. */
export async function compose(): Promise<Compose | undefined> {
  return asked('docker', ['compose']) ?? asked(...(await outOfDebianRoot()));
}

/** With the loader and the libraries of the root, which are newer than those of this machine. */
async function outOfDebianRoot(): Promise<[program: string, args: string[]]> {
  const root = await debianRoot().catch(() => '/');
  const [machine, loader] =
    process.arch === 'arm64' ? ['aarch64', 'ld-linux-aarch64.so.1'] : ['x86_64', 'ld-linux-x86-64.so.2'];
  const libraries = join(root, 'usr/lib', `${machine}-linux-gnu`);
  const plugin = join(root, 'usr/libexec/docker/cli-plugins/docker-compose');
  return [join(libraries, loader), ['--library-path', libraries, plugin]];
}

function asked(program: string, args: string[]): Compose | undefined {
  const { status, stdout } = spawnSync(program, [...args, 'version', '--short'], { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? { program, args, version: stdout.trim() } : undefined;
}
