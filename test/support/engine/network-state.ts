import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const forwardingSwitch = '/proc/sys/net/ipv4/ip_forward';
const tables = ['filter', 'nat'] as const;

/** What a Docker Engine changes in the network settings of the machine, and leaves changed when it ends. */
export interface NetworkState {
  forwarding: string;
  hasDockerBridge: boolean;
  /** Per table, what `iptables -S` lists. */
  rules: Record<(typeof tables)[number], string[]>;
}

export function networkState(): NetworkState {
  return {
    forwarding: existsSync(forwardingSwitch) ? readFileSync(forwardingSwitch, 'utf8').trim() : '',
    hasDockerBridge: spawnSync('ip', ['link', 'show', 'docker0']).status === 0,
    rules: { filter: rulesOf('filter'), nat: rulesOf('nat') },
  };
}

/** Takes back what the engine has changed since, and nothing that anybody else has. */
export function restoreNetworkState(before: NetworkState): void {
  for (const table of tables) {
    const known = new Set(before.rules[table]);
    const added = rulesOf(table).filter((rule) => !known.has(rule) && /DOCKER|docker0|br-[0-9a-f]{12}/.test(rule));
    const chains = added.filter((rule) => rule.startsWith('-N ')).map((rule) => rule.slice(3));
    for (const rule of added.filter((line) => line.startsWith('-A ')))
      iptables(table, ['-D', ...wordsOf(rule.slice(3))]);
    for (const chain of chains) iptables(table, ['-F', chain]);
    for (const chain of chains) iptables(table, ['-X', chain]);
  }
  if (before.rules.filter.includes('-P FORWARD ACCEPT')) iptables('filter', ['-P', 'FORWARD', 'ACCEPT']);
  if (!before.hasDockerBridge) spawnSync('ip', ['link', 'delete', 'docker0']);
  if (before.forwarding === '0') writeFileSync(forwardingSwitch, '0');
}

function rulesOf(table: string): string[] {
  return iptables(table, ['-S'])
    .split('\n')
    .filter((line) => line !== '');
}

function iptables(table: string, args: string[]): string {
  return spawnSync('iptables', ['-w', '-t', table, ...args], { encoding: 'utf8' }).stdout;
}

/** Splits as a shell would: iptables quotes comments. */
function wordsOf(rule: string): string[] {
  return [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
