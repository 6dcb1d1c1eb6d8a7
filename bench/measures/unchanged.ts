import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Host } from '../support/host.js';
import { atMost, median, ratio, type Extent, type Row } from '../support/measure.js';

const run = promisify(execFile);

/** From the webhook of an image that has not changed to the answer that the container is up to date. */
export async function unchanged(host: Host, { rounds }: Extent): Promise<Row[]> {
  const image = host.image('unchanged');
  await host.push(image);
  const app = await host.runContainer('unchanged', image);
  const service = await host.service();
  const timed = async (act: () => Promise<unknown>): Promise<number> => {
    const begun = performance.now();
    await act();
    return performance.now() - begun;
  };
  const pull = (): Promise<unknown> =>
    run('docker', ['pull', '--quiet', image], { env: { ...process.env, DOCKER_HOST: host.dockerHost } });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds * 3; round++) {
    ours.push(await timed(() => service.update(app.name, 'up_to_date')));
    theirs.push(await timed(pull));
  }
  await service.program.stop();
  const [mine, its] = [median(ours), median(theirs)];
  return [
    {
      measure: 'webhook of an unchanged image to `up_to_date`',
      baseline: '`docker pull` of the same reference',
      ...atMost(1.1, mine / its),
      reached: ratio(mine, its),
    },
  ];
}
