import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canHave } from '../../test/support/runner/packages.js';
import { load, type Load } from '../support/load.js';
import { median, percentile, ratio, type Extent, type Row } from '../support/measure.js';
import { notifyRequest } from '../support/notify-request.js';
import { nodes, Program, secret, withoutEngine, type Node } from '../support/program.js';

const connections = 50;

interface Server {
  start: () => Promise<Program>;
  requestAt: (index: number) => string;
  rounds: Round[];
}

interface Round extends Load {
  /** How many processes the machine began meanwhile. */
  processes: number;
}

/** How fast notifies are accepted over 50 connections, with a log line each, on each Node: the engine is never asked meanwhile. */
export async function accepting(extent: Extent): Promise<Row[]> {
  const rows: Row[] = [];
  for (const node of nodes(extent)) rows.push(...(await acceptingOn(node, extent)));
  return rows;
}

async function acceptingOn({ version, path }: Node, { quick, rounds }: Extent): Promise<Row[]> {
  const requests = quick ? 3_000 : 30_000;
  const [ours, express, webhook] = servers(path);
  const all = [ours, express, ...(webhook ? [webhook] : [])];
  for (let round = 0; round < rounds; round++) {
    for (const { start, requestAt, rounds: results } of all) {
      const program = await start();
      try {
        // Warm first: what is compared is how they run, not how they start.
        await load(program.port, requestAt, { connections, requests: requests / 2 });
        const before = processesSoFar();
        const answered = await load(program.port, requestAt, { connections, requests });
        results.push({ ...answered, processes: processesSoFar() - before });
      } finally {
        await program.stop();
      }
    }
  }
  const rate = ({ rounds: results }: Server): number => median(results.map(({ perSecond }) => perSecond));
  const p99 = ({ rounds: results }: Server): number =>
    median(results.map(({ latenciesMs }) => percentile(latenciesMs, 0.99)));
  const perSecond = (value: number): string => `${Math.round(value)}/s`;
  const baseline = 'plain Express with an equal check, answer and log line';
  const node = `Node ${version}`;
  const rows: Row[] = [
    {
      measure: `accepting over ${connections} connections, ${node}`,
      baseline,
      toReach: '≥ 0.5',
      holds: rate(ours) / rate(express) >= 0.5,
      reached: ratio(rate(ours), rate(express), perSecond),
    },
    {
      measure: `the same, p99, ${node}`,
      baseline,
      toReach: '≤ 2',
      holds: p99(ours) / p99(express) <= 2,
      reached: ratio(p99(ours), p99(express)),
    },
  ];
  if (webhook) {
    // It answers before it runs its command, and puts off as many as come: the rest is what a queue of ours would hold.
    const run = median(webhook.rounds.map(({ processes }) => processes)) / requests;
    rows.push({
      measure: `the same, ${node}`,
      baseline: '`webhook` (adnanh) that runs `true`',
      toReach: 'ahead',
      holds: rate(ours) > rate(webhook),
      reached: `${ratio(rate(ours), rate(webhook), perSecond)}; it had run ${Math.round(run * 100)} % of its commands by then`,
    });
  }
  return rows;
}

/** Since the machine's start, threads included. */
function processesSoFar(): number {
  return Number(/^processes (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
}

function servers(nodePath: string): [Server, Server, Server | undefined] {
  const ours: Server = {
    start: () => Program.start([nodePath, 'bundle/main.cjs'], '/health/live', withoutEngine()),
    requestAt: notifyRequest,
    rounds: [],
  };
  const express: Server = {
    start: () => Program.start([nodePath, 'bench/rivals/express-notify.mjs'], '/'),
    requestAt: notifyRequest,
    rounds: [],
  };
  if (!canHave('webhook', 'webhook')) return [ours, express, undefined];
  const hooks = join(mkdtempSync(join(tmpdir(), 'accepting-')), 'hooks.json');
  const rule = {
    match: { type: 'value', value: `Bearer ${secret}`, parameter: { source: 'header', name: 'Authorization' } },
  };
  writeFileSync(hooks, JSON.stringify([{ id: 'web', 'execute-command': '/bin/true', 'trigger-rule': rule }]));
  const webhook: Server = {
    start: () => Program.start(['webhook', '-hooks', hooks, '-ip', '127.0.0.1', '-port', '{port}'], '/'),
    requestAt: () => notifyRequest(0).replace('/notify/web-0', '/hooks/web'),
    rounds: [],
  };
  return [ours, express, webhook];
}
