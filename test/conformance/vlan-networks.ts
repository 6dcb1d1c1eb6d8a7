import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { onPrivateEngine, uniqueName, type EngineUnderTest } from '../support/runner/environment.js';
import type { Client } from './client.js';

const run = promisify(execFile);

export type VlanDriver = 'macvlan' | 'ipvlan';
/** The second byte of the networks' addresses. */
const subnets: Record<VlanDriver, number> = { macvlan: 215, ipvlan: 216 };

const known = new Map<VlanDriver, string | undefined>();

/** Why networks of this driver cannot be had here. Asked in a network of its own, of which nothing is left. */
export function withoutLinks(driver: VlanDriver): string | undefined {
  if (!onPrivateEngine) return 'needs a network of the tests’ own';
  if (!known.has(driver)) {
    const script = `ip link add one type veth peer name two && ip link add link one name three type ${driver}`;
    const { status } = spawnSync('unshare', ['--net', 'sh', '-c', script], { stdio: 'ignore', timeout: 10_000 });
    known.set(driver, status === 0 ? undefined : `${driver.toUpperCase()} is not in this kernel`);
  }
  return known.get(driver);
}

/** Networks of these drivers beside an engine, on an interface that leads nowhere. */
export class VlanNetworks {
  readonly names: Partial<Record<VlanDriver, string>> = {};
  private readonly link = `tdpv${randomBytes(3).toString('hex')}`;

  private constructor(
    private readonly engine: EngineUnderTest,
    private readonly client: Client,
  ) {}

  /** @param subnet the third byte of the addresses */
  static async make(engine: EngineUnderTest, client: Client, subnet: number): Promise<VlanNetworks> {
    const networks = new VlanNetworks(engine, client);
    const drivers = (['macvlan', 'ipvlan'] as const).filter((driver) => withoutLinks(driver) === undefined);
    if (drivers.length === 0) return networks;
    await networks.addLink();
    for (const driver of drivers) {
      const name = uniqueName(driver);
      const range = ['--subnet', `10.${subnets[driver]}.${subnet}.0/24`, '--opt', `parent=${networks.link}`];
      await client.docker('network', 'create', '--driver', driver, ...range, name);
      networks.names[driver] = name;
    }
    return networks;
  }

  async remove(): Promise<void> {
    const names = Object.values(this.names);
    if (names.length === 0) return;
    await this.client.docker('network', 'rm', ...names);
    await this.ip('link', 'del', this.link);
  }

  /** A dummy, or, where the kernel has none, one end of a cable. */
  private async addLink(): Promise<void> {
    const { link } = this;
    await this.ip('link', 'add', link, 'type', 'dummy').catch(() =>
      this.ip('link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}p`),
    );
    await this.ip('link', 'set', link, 'up');
    await this.ip('link', 'set', `${link}p`, 'up').catch(() => undefined);
  }

  private ip(...args: string[]): Promise<unknown> {
    const [program, all] = this.engine.private?.namespaces?.inNetwork('ip', ...args) ?? ['ip', args];
    return run(program, all);
  }
}
