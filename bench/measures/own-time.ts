import type { Host } from '../support/host.js';
import { median, ms, type Extent, type Row } from '../support/measure.js';
import { busyMs, Trace, traceTable, type TracedCall } from '../support/trace.js';

/** What an update takes beside the engine's and the registry's work, with all the calls of the last one. */
export async function ownTime(host: Host, { rounds }: Extent): Promise<{ rows: Row[]; trace: string }> {
  const image = host.image('traced');
  await host.push(image);
  const app = await host.runContainer('traced', image);
  const service = await host.service(Trace.nodeOptions);
  const trace = new Trace(service.program.child);
  let calls: TracedCall[] = [];
  const own: number[] = [];
  const engine: number[] = [];
  for (let round = 0; round < rounds + 1; round++) {
    await host.push(image);
    trace.begin();
    const { startedAt, finishedAt } = await service.update(app.name);
    // The first one runs code that has never run.
    if (round === 0) continue;
    calls = await trace.calls();
    const engineMs = busyMs(calls);
    engine.push(engineMs);
    own.push(Date.parse(finishedAt) - Date.parse(startedAt) - engineMs);
  }
  await service.program.stop();
  return {
    rows: [
      {
        measure: "our own time in an update: all but the engine's and the registry's calls",
        baseline: '–',
        toReach: '≤ 15 ms',
        holds: median(own) <= 15,
        reached: `**${ms(Math.max(0, median(own)))}** of ${ms(median(own) + median(engine))}, ${calls.length} calls`,
      },
    ],
    trace: traceTable(calls),
  };
}
