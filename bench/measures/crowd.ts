import type { Host } from '../support/host.js';
import { atMost, median, ratio, type Extent, type Row } from '../support/measure.js';

/** An update on a host with many other containers, between two series of the same without them. */
export async function crowd(host: Host, { quick, rounds }: Extent): Promise<Row[]> {
  const others = quick ? 50 : 500;
  const image = host.image('crowded');
  await host.push(image);
  const app = await host.runContainer('crowded', image);
  const service = await host.service();
  const series = async (times: number): Promise<number[]> => {
    const durations: number[] = [];
    for (let round = 0; round < times; round++) {
      await host.push(image);
      const begun = performance.now();
      await service.update(app.name);
      durations.push(performance.now() - begun);
    }
    return durations;
  };
  await series(1);
  const alone = await series(rounds);
  const made = await host.createContainers(others, 'other');
  const crowded = await series(rounds);
  for (const container of made) await container.remove();
  alone.push(...(await series(rounds)));
  await service.program.stop();
  return [
    {
      measure: `an update on a host with ${others} other containers`,
      baseline: 'the same on an empty host',
      ...atMost(1.15, median(crowded) / median(alone)),
      reached: ratio(median(crowded), median(alone)),
    },
  ];
}
