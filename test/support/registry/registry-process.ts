import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespaces } from '../runner/namespaces.js';
import type { RegistryRuntime } from './registry.js';

/** The registry as Debian packages it. */
export class RegistryProcess implements RegistryRuntime {
  private child: ChildProcess | undefined;
  private readonly configPath: string;

  constructor(settings: { name: string; folder: string; port: number; htpasswd?: string; auth?: object }) {
    const folder = join(settings.folder, settings.name);
    const passwords = join(folder, 'htpasswd');
    mkdirSync(join(folder, 'storage'), { recursive: true });
    if (settings.htpasswd) writeFileSync(passwords, settings.htpasswd);
    this.configPath = join(folder, 'config.yml');
    // JSON is YAML.
    writeFileSync(
      this.configPath,
      JSON.stringify({
        version: 0.1,
        log: { level: 'error' },
        storage: { filesystem: { rootdirectory: join(folder, 'storage') }, delete: { enabled: true } },
        http: { addr: `127.0.0.1:${settings.port}` },
        auth: settings.auth ?? (settings.htpasswd ? { htpasswd: { realm: 'test', path: passwords } } : undefined),
      }),
    );
  }

  start(): Promise<void> {
    this.child = this.serve(['docker-registry', ['serve', this.configPath]]);
    return Promise.resolve();
  }

  /** The same address and storage once more, where an engine in namespaces of its own finds them. */
  startIn(namespaces: Namespaces): void {
    this.serve(namespaces.inNetwork('docker-registry', 'serve', this.configPath));
  }

  private serve([program, args]: [string, string[]]): ChildProcess {
    // Not of the terminal's group: a Ctrl-C is for the run, which ends it in its turn.
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    child.unref();
    return child;
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
