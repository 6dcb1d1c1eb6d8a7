import type { Host } from '../support/host.js';
import { median, ms, type Extent, type Row } from '../support/measure.js';
import { nodes, type Node } from '../support/program.js';
import { busyMs, Trace, traceTable, type TracedCall } from '../support/trace.js';

interface Traced {
  row: Row;
  /** All calls of the last update. */
  calls: TracedCall[];
}

/** What an update takes beside the engine's and the registry's work, on each Node, with all the calls of the last one. */
export async function ownTime(host: Host, extent: Extent): Promise<{ rows: Row[]; trace: string }> {
  const image = host.image('traced');
  await host.push(image);
  const { name } = await host.runContainer('traced', image);
  const all: Traced[] = [];
  for (const node of nodes(extent)) all.push(await ownTimeOn(node, host, { name, image }, extent));
  return { rows: all.map(({ row }) => row), trace: traceTable(all.at(-1)?.calls ?? []) };
}

async function ownTimeOn(
  { version, path }: Node,
  host: Host,
  { name, image }: { name: string; image: string },
  { rounds }: Extent,
): Promise<Traced> {
  const service = await host.service(Trace.nodeOptions, path);
  const trace = new Trace(service.program.child);
  let calls: TracedCall[] = [];
  const own: number[] = [];
  const engine: number[] = [];
  for (let round = 0; round < rounds + 1; round++) {
    await host.push(image);
    trace.begin();
    const { startedAt, finishedAt } = await service.update(name);
    // The first one runs code that has never run.
    if (round === 0) continue;
    calls = await trace.calls();
    const engineMs = busyMs(calls);
    engine.push(engineMs);
    own.push(Date.parse(finishedAt) - Date.parse(startedAt) - engineMs);
  }
  await service.program.stop();
  const row = {
    measure: `our own time in an update: all but the engine's and the registry's calls, Node ${version}`,
    baseline: '–',
    toReach: '≤ 20 ms',
    holds: median(own) <= 20,
    reached: `**${ms(Math.max(0, median(own)))}** of ${ms(median(own) + median(engine))}, ${calls.length} calls`,
  };
  return { row, calls };
}
