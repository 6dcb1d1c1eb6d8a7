import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { TestEngine } from '../engine/engine.js';
import type { Namespaces } from '../runner/namespaces.js';
import { isInstalled, Unavailable } from '../runner/packages.js';
import { RegistryContainer } from './registry-container.js';
import { RegistryProcess } from './registry-process.js';
import { until } from '../runner/until.js';

const readyWithinMs = 30_000;

export interface Account {
  username: string;
  password: string;
}

/** The one account of the private registry, and its line in an htpasswd file (bcrypt), so that no program is needed to make it. */
export const account: Account = { username: 'ci', password: 'pass:correct-horse' };
const htpasswdLine = 'ci:$2y$05$/i0PjWw2Adr65ZcnOkndT.awuhfj2Ls47xd0huiLULUNOw.20v6ci';

/** How a registry is run. */
export interface RegistryRuntime {
  start(): Promise<void>;
  /** At once, as in a power failure; what was pushed is kept. */
  kill(): Promise<void>;
}

export interface RegistryOptions {
  runId: string;
  /** Where its files go. */
  folder: string;
  /** Whether it asks for `account`. */
  withAccount?: boolean;
}

/** The real CNCF registry, on 127.0.0.1, where every engine accepts plain HTTP. */
export class Registry {
  private constructor(
    readonly port: number,
    private readonly runtime: RegistryRuntime,
  ) {}

  /** As an image's reference names it. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /**
   * As a process beside an engine on this machine; as a container on one in a virtual machine or in a network of its own.
   * @throws Unavailable with what to install
   */
  static async start(engine: TestEngine, options: RegistryOptions): Promise<Registry> {
    const port = await freePort();
    const settings = {
      name: `${options.runId}-registry-${port}`,
      folder: options.folder,
      port,
      htpasswd: options.withAccount ? htpasswdLine : undefined,
    };
    const runtime = (await isReachedByProcesses(engine))
      ? new RegistryProcess(settings)
      : await RegistryContainer.create(engine.docker, settings);
    const registry = new Registry(port, runtime);
    await registry.launch();
    return registry;
  }

  async launch(): Promise<void> {
    await this.runtime.start();
    await until(`the start of the registry at ${this.host}`, readyWithinMs, () =>
      fetch(`http://${this.host}/v2/`, { signal: AbortSignal.timeout(1000) }),
    );
  }

  /**
   * Makes it reachable, at the same address and with all that is pushed, for an engine in namespaces of its own.
   * @throws Unavailable where it is a container of the other engine
   */
  async serveIn(namespaces: Namespaces): Promise<void> {
    if (!(this.runtime instanceof RegistryProcess))
      throw new Unavailable('a second engine needs the package docker-registry on this machine');
    this.runtime.startIn(namespaces);
    await until(`the registry at ${this.host} in the namespaces of a second engine`, readyWithinMs, () =>
      namespaces.fetchText(`http://${this.host}/`),
    );
  }

  /** Ends it at once, as a power failure does; `launch` brings it back with all that was pushed. */
  async halt(): Promise<void> {
    await this.runtime.kill();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isReachedByProcesses(engine: TestEngine): Promise<boolean> {
  if (engine.private) return true;
  if (process.platform !== 'linux') return false;
  const { OperatingSystem, SecurityOptions } = (await engine.docker.info()) as {
    OperatingSystem: string;
    SecurityOptions?: string[];
  };
  const isElsewhere = OperatingSystem === 'Docker Desktop' || SecurityOptions?.includes('name=rootless');
  return !isElsewhere && isInstalled('docker-registry');
}
