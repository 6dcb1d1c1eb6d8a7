import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { load } from '../support/load.js';
import { atMost, median, ratio, type Extent, type Row } from '../support/measure.js';
import { notifyRequest } from '../support/notify-request.js';
import { nodes, Program, withoutEngine, type Node } from '../support/program.js';

const limit = 1.5;
const idleMs = 1500;
/** A start is short, and whatever else the machine does weighs on it: more of them than of all else. */
const startsARound = { whole: 5, quick: 2 };

interface Figures {
  startMs: number[];
  idleMiB: number;
  loadedMiB: number;
}

/** From the start of the process to the first 200 on /health, and the memory then and after 10,000 notifies, without an engine. */
export async function startUp(extent: Extent): Promise<Row[]> {
  const rows: Row[] = [];
  for (const node of nodes(extent)) {
    // As an image is made: its own Node compiles the bundle.
    execFileSync(node.path, ['bundle/main.cjs', 'version'], { stdio: 'ignore' });
    rows.push(...(await compare(node, extent)));
  }
  return rows;
}

async function compare(node: Node, { quick, rounds }: Extent): Promise<Row[]> {
  const notifies = quick ? 2_000 : 10_000;
  const [ours, theirs] = [
    { command: [node.path, 'bundle/main.cjs'], path: '/health', rounds: [] as Figures[] },
    { command: [node.path, 'bench/rivals/express-notify.mjs'], path: '/', rounds: [] as Figures[] },
  ];
  const starts = startsARound[quick ? 'quick' : 'whole'];
  for (let round = 0; round < rounds; round++) {
    for (const server of [ours, theirs]) server.rounds.push(await figuresOf(server, notifies));
    for (let start = 1; start < starts; start++) {
      for (const { command, path, rounds: figures } of [ours, theirs]) {
        const program = await Program.start(command, path, withoutEngine());
        figures.at(-1)?.startMs.push(program.startMs);
        await program.stop();
      }
    }
  }
  const of = (figures: Figures[], key: keyof Figures): number => median(figures.flatMap((figure) => figure[key]));
  const row = (measure: string, key: keyof Figures, most: number, unit?: (value: number) => string): Row => {
    const [mine, its] = [of(ours.rounds, key), of(theirs.rounds, key)];
    return {
      measure: `${measure}, Node ${node.version}`,
      baseline: 'plain Express, same Node',
      ...atMost(most, mine / its),
      reached: ratio(mine, its, unit),
    };
  };
  const mib = (value: number): string => `${value.toFixed(0)} MiB`;
  return [
    row('start to the first 200 on /health', 'startMs', limit),
    row('memory after the start', 'idleMiB', 1.6, mib),
    row(`memory after ${notifies.toLocaleString('en')} notifies`, 'loadedMiB', 1.6, mib),
  ];
}

async function figuresOf({ command, path }: { command: string[]; path: string }, notifies: number): Promise<Figures> {
  const program = await Program.start(command, path, withoutEngine());
  try {
    await setTimeout(idleMs);
    const idleMiB = program.residentMiB;
    await load(program.port, notifyRequest, { connections: 20, requests: notifies });
    return { startMs: [program.startMs], idleMiB, loadedMiB: program.residentMiB };
  } finally {
    await program.stop();
  }
}
