import type { Host } from '../support/host.js';
import { atMost, ratio, type Extent, type Row } from '../support/measure.js';
import { busyMs, Trace } from '../support/trace.js';

/** Many notifies at once, over many containers of which a few have changed: what is not the engine's and the registry's own work. */
export async function flood(host: Host, { quick }: Extent): Promise<Row[]> {
  const [containers, changed, notifies] = quick ? [20, 2, 100] : [200, 10, 1000];
  const [same, moved] = [host.image('flood-same'), host.image('flood-moved')];
  await host.push(same);
  await host.push(moved);
  const names: string[] = [];
  for (let index = 0; index < changed; index++)
    names.push((await host.runContainer(`flood-moved-${index}`, moved)).name);
  await host.runContainer('flood-same', same);
  for (let index = changed; index < containers; index++) {
    const name = `${host.run.id}-flood-same-${index}`;
    await host.docker.createContainer({ name, Image: same });
    names.push(name);
  }
  await host.push(moved);
  const service = await host.service(Trace.nodeOptions);
  const trace = new Trace(service.program.child);
  trace.begin();
  const begun = performance.now();
  const accepted: { name: string; id: string }[] = [];
  for (let index = 0; index < notifies; index++) {
    // Each container several times, in an order in which neighbours are others.
    const name = names[(index * 7) % names.length] ?? '';
    accepted.push({ name, id: await service.notify(name) });
  }
  const last = new Map(accepted.map(({ name, id }) => [name, id]));
  let updated = 0;
  for (const [name, id] of last) {
    const { status } = await service.ended(name, id);
    if (status !== 'succeeded') throw new Error(`the update of ${name} ended as ${status}`);
    updated += 1;
  }
  const totalMs = performance.now() - begun;
  const engineMs = busyMs(await trace.calls());
  await service.program.stop();
  return [
    {
      measure: `${notifies} notifies over ${updated} containers of which ${changed} changed`,
      baseline: "the engine's and the registry's own times for them",
      ...atMost(1.1, totalMs / engineMs),
      reached: ratio(totalMs, engineMs),
    },
  ];
}
