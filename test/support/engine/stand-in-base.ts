import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { testEnvironment } from '../runner/environment.js';

/**
 * Makes a base image out of this machine's own Node, npm and busybox, for where the public one cannot be pulled: so that
 * the real Dockerfile is built, and the real image run, without the internet.
 */
export function importStandInBase(reference: string): void {
  const root = mkdtempSync(join(tmpdir(), 'tdp-base-'));
  try {
    for (const folder of ['bin', 'usr/bin', 'usr/lib/node_modules', 'tmp', 'root', 'etc/ssl/certs'])
      mkdirSync(join(root, folder), { recursive: true });
    const copy = (from: string, to = from): void => {
      mkdirSync(dirname(join(root, to)), { recursive: true });
      cpSync(realpathSync(from), join(root, to), { recursive: true });
    };
    copy(process.execPath, '/usr/bin/node');
    const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).match(/\/\S+\.so\S*/g) ?? [];
    for (const library of libraries) copy(library);
    copy(['/bin/busybox', '/usr/bin/busybox'].find(existsSync) ?? '/bin/busybox', '/bin/busybox');
    for (const applet of ['sh', 'id', 'ls', 'cat']) symlinkSync('/bin/busybox', join(root, 'bin', applet));
    symlinkSync('/bin/busybox', join(root, 'usr/bin/env'));
    const npm = dirname(
      dirname(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())),
    );
    copy(npm, '/usr/lib/node_modules/npm');
    for (const name of ['npm', 'npx'])
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/bin', name));
    // What this machine needs to reach its npm registry; the image under test has none of it.
    for (const file of ['/etc/ssl/certs/ca-certificates.crt', '/etc/resolv.conf', '/root/.npmrc', '/usr/etc/npmrc'])
      if (existsSync(file)) copy(file);
    // As Debian has it: whoever is not root cannot look into it.
    chmodSync(join(root, 'root'), 0o700);
    const archive = join(root, '..', `${root.split('/').at(-1) ?? 'base'}.tar`);
    execFileSync('tar', ['-C', root, '-cf', archive, '.']);
    execFileSync('docker', ['import', '--change', 'ENV PATH=/usr/bin:/bin', archive, reference], {
      env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost },
    });
    rmSync(archive);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
