import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onCleanUp } from './cleanup.js';
import type { TestEngine } from './engine.js';
import { ensurePrograms, isInstalled } from './packages.js';
import { until } from './until.js';

const readyWithinMs = 30_000;

export interface Account {
  username: string;
  password: string;
}

/** The one account of the private registry, and its line in an htpasswd file (bcrypt), so that no program is needed to make it. */
export const account: Account = { username: 'ci', password: 'pass:correct-horse' };
const htpasswdLine = 'ci:$2y$05$/i0PjWw2Adr65ZcnOkndT.awuhfj2Ls47xd0huiLULUNOw.20v6ci';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The real CNCF registry, on 127.0.0.1, where every engine accepts plain HTTP. */
export class Registry {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly withAccount: boolean,
  ) {}

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As a process where that can be had; as a container on a developer's own engine, which may be in a virtual machine. */
  static async start(engine: TestEngine, withAccount = false): Promise<{ host: string }> {
    if (!engine.isPrivate && (process.platform !== 'linux' || !isInstalled('docker-registry')))
      return startAsContainer(engine, withAccount);
    ensurePrograms({ 'docker-registry': 'docker-registry' });
    const registry = new Registry(mkdtempSync(join(tmpdir(), 'tdp-registry-')), await freePort(), withAccount);
    onCleanUp(() => registry.remove());
    await registry.launch();
    return registry;
  }

  async launch(): Promise<void> {
    const storage = join(this.folder, 'storage');
    mkdirSync(storage, { recursive: true });
    const passwords = join(this.folder, 'htpasswd');
    writeFileSync(passwords, `${htpasswdLine}\n`);
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
      http: { addr: this.host },
      ...(this.withAccount ? { auth: { htpasswd: { realm: 'test', path: passwords } } } : {}),
    };
    // JSON is YAML.
    writeFileSync(join(this.folder, 'config.yml'), JSON.stringify(config));
    this.process = spawn('docker-registry', ['serve', join(this.folder, 'config.yml')], { stdio: 'ignore' });
    await awaitRegistry(this.host);
  }

  async halt(): Promise<void> {
    const { process } = this;
    if (process?.exitCode !== null || process.signalCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  private async remove(): Promise<void> {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startAsContainer({ docker }: TestEngine, withAccount: boolean): Promise<{ host: string }> {
  const port = await freePort();
  const image = 'registry:2';
  await new Promise<void>((resolve, reject) => {
    void docker.pull(image, {}, (error: Error | null, stream?: NodeJS.ReadableStream) => {
      if (error || !stream) reject(error ?? new Error('no stream'));
      else stream.on('end', resolve).on('error', reject).resume();
    });
  });
  const container = await docker.createContainer({
    Image: image,
    Env: [
      'REGISTRY_STORAGE_DELETE_ENABLED=true',
      ...(withAccount
        ? [
            'REGISTRY_AUTH=htpasswd',
            'REGISTRY_AUTH_HTPASSWD_REALM=test',
            'REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd',
            `PASSWORDS=${htpasswdLine}`,
          ]
        : []),
    ],
    Entrypoint: ['sh', '-c', 'echo "$PASSWORDS" > /htpasswd; exec registry serve /etc/docker/registry/config.yml'],
    HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
  });
  onCleanUp(() => container.remove({ force: true, v: true }));
  await container.start();
  const host = `127.0.0.1:${port}`;
  await awaitRegistry(host);
  return { host };
}

async function awaitRegistry(host: string): Promise<void> {
  await until(`the start of the registry at ${host}`, readyWithinMs, () => fetch(`http://${host}/v2/`));
}
