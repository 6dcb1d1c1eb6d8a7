import { describe } from '@jest/globals';
import { absentEngine, engines, inNamespaces, testEnvironment, type EngineUnderTest } from '../runner/environment.js';
import { PortRelay } from './port-relay.js';
import { PrivateEngine } from './private-engine.js';

/**
 * The newest engine once more, with images in containerd's store, as a fresh Docker Engine 29 keeps them. Tests that are to
 * hold there too start it themselves: it takes its time.
 */
export class ContainerdEngine {
  /** Filled in by `start`; its title is known before. */
  readonly engine: EngineUnderTest;
  private relays: PortRelay[] = [];

  private constructor(private readonly version: string) {
    this.engine = absentEngine(`Docker Engine with the containerd store ${version}`);
  }

  /** Undefined where there is no newest engine. */
  static make(): ContainerdEngine | undefined {
    const newest = engines[1];
    return newest && new ContainerdEngine(newest.title.split(' ').at(-1) ?? '');
  }

  async start(): Promise<void> {
    const { folder, registry, privateRegistry } = testEnvironment();
    const started = await PrivateEngine.startNewest(folder, 'containerd-column', { containerdStore: true });
    const { title } = this.engine;
    Object.assign(this.engine, inNamespaces(started, this.version), { title });
    const { namespaces } = started;
    if (!namespaces) throw new Error('the engine has no namespaces of its own');
    for (const host of [registry, privateRegistry])
      this.relays.push(await PortRelay.start(namespaces, Number(host.split(':')[1])));
  }

  async stop(): Promise<void> {
    for (const relay of this.relays) relay.stop();
    await this.engine.private?.halt();
  }
}

/** Tests on that engine; where it cannot be had, they are skipped and counted. */
export function describeOnContainerdEngine(
  what: string,
  containerd: ContainerdEngine | undefined,
  tests: (engine: EngineUnderTest) => void,
): void {
  const engine = containerd?.engine ?? absentEngine('the newest engine with the containerd store');
  (containerd ? describe : describe.skip)(`${what}, on ${engine.title}`, () => {
    tests(engine);
  });
}
