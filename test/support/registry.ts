import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onCleanUp } from './cleanup.js';
import type { TestEngine } from './engine.js';
import { ensurePrograms } from './packages.js';
import { until } from './until.js';

const readyWithinMs = 30_000;

export interface Account {
  username: string;
  password: string;
}

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
    readonly account: Account | undefined,
  ) {}

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As a process where the engine is on this machine; as a container where it is in a virtual one, as with Docker Desktop. */
  static async start(engine: TestEngine, account?: Account): Promise<{ host: string }> {
    if (!engine.isPrivate && process.platform !== 'linux') return startAsContainer(engine, account);
    ensurePrograms({ 'docker-registry': 'docker-registry', ...(account ? { htpasswd: 'apache2-utils' } : {}) });
    const registry = new Registry(mkdtempSync(join(tmpdir(), 'tdp-registry-')), await freePort(), account);
    onCleanUp(() => registry.remove());
    await registry.launch();
    return registry;
  }

  async launch(): Promise<void> {
    const storage = join(this.folder, 'storage');
    mkdirSync(storage, { recursive: true });
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
      http: { addr: this.host },
      ...(this.account ? { auth: { htpasswd: { realm: 'test', path: this.writePasswords(this.account) } } } : {}),
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

  private writePasswords({ username, password }: Account): string {
    const path = join(this.folder, 'htpasswd');
    writeFileSync(path, spawnSync('htpasswd', ['-Bbn', username, password], { encoding: 'utf8' }).stdout);
    return path;
  }

  private async remove(): Promise<void> {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startAsContainer({ docker }: TestEngine, account?: Account): Promise<{ host: string }> {
  const port = await freePort();
  const image = 'registry:2';
  await new Promise<void>((resolve, reject) => {
    void docker.pull(image, {}, (error: Error | null, stream?: NodeJS.ReadableStream) => {
      if (error || !stream) reject(error ?? new Error('no stream'));
      else stream.on('end', resolve).on('error', reject).resume();
    });
  });
  const passwords = account
    ? spawnSync('htpasswd', ['-Bbn', account.username, account.password], { encoding: 'utf8' }).stdout
    : '';
  const container = await docker.createContainer({
    Image: image,
    ...(account
      ? {
          Env: [
            'REGISTRY_AUTH=htpasswd',
            'REGISTRY_AUTH_HTPASSWD_REALM=test',
            'REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd',
            `PASSWORDS=${passwords}`,
          ],
          Entrypoint: [
            'sh',
            '-c',
            'printf %s "$PASSWORDS" > /htpasswd; exec registry serve /etc/docker/registry/config.yml',
          ],
        }
      : {}),
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
