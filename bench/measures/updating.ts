import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/registry/registry.js';
import { compose as findCompose, type Compose } from '../support/compose.js';
import { watch, type App, type Host, type Watched } from '../support/host.js';
import { atMost, median, ratio, type Extent, type Row } from '../support/measure.js';

const run = promisify(execFile);

/**
 * From the webhook to the first answer of the new version, and the longest stretch without an answer, beside Compose and
 * beside the engine's own stop and start, on the same container and image.
 */
export async function updating(host: Host, { rounds }: Extent): Promise<Row[]> {
  const found = await findCompose();
  if (!found) return [];
  const image = host.image('composed');
  const { app, compose } = await composedApp(host, image, found);
  const service = await host.service();
  const ours: Watched[] = [];
  const composes: Watched[] = [];
  const engines: Watched[] = [];
  let serving = await host.push(image);
  await compose('pull');
  await compose('up', '-d');
  for (let round = 0; round < rounds; round++) {
    serving = await host.push(image);
    ours.push(await watch(app, serving, () => service.update(app.name)));
    const container = host.docker.getContainer(app.name);
    engines.push(
      await watch(app, serving, async () => {
        await container.stop();
        await container.start();
        // Over only once it answers again, or no gap would be seen.
        await watch(app, serving, () => Promise.resolve());
      }),
    );
    serving = await host.push(image);
    composes.push(
      await watch(app, serving, async () => {
        await compose('pull');
        await compose('up', '-d');
      }),
    );
  }
  await service.program.stop();
  const of = (all: Watched[], key: keyof Watched): number => median(all.map((one) => one[key]));
  const [first, theirs] = [of(ours, 'firstAnswerMs'), of(composes, 'firstAnswerMs')];
  const [gap, own] = [of(ours, 'longestGapMs'), of(engines, 'longestGapMs')];
  return [
    {
      measure: 'webhook to the first answer of the new version',
      baseline: `\`docker compose pull && docker compose up -d\` (${found.version})`,
      ...atMost(0.85, first / theirs),
      reached: ratio(first, theirs),
    },
    {
      measure: 'longest stretch without an answer, stop-first',
      baseline: "the engine's own stop and start",
      ...atMost(1.05, gap / own),
      reached: ratio(gap, own),
    },
  ];
}

async function composedApp(
  host: Host,
  image: string,
  { program, args: first }: Compose,
): Promise<{ app: App; compose: (...args: string[]) => Promise<unknown> }> {
  const app = { name: `${host.run.id}-composed`, port: await freePort() };
  const folder = join(host.run.folder, 'composed');
  mkdirSync(folder);
  const web = { image, container_name: app.name, ports: [`127.0.0.1:${app.port}:80`] };
  // JSON is YAML.
  writeFileSync(join(folder, 'compose.yaml'), JSON.stringify({ services: { web } }));
  const compose = (...args: string[]): Promise<{ stdout: string }> =>
    run(program, [...first, '-f', 'compose.yaml', '-p', `${host.run.id}-composed`, ...args], {
      cwd: folder,
      env: { ...process.env, DOCKER_HOST: host.dockerHost },
    });
  await host.push(image);
  await compose('pull');
  await compose('up', '-d');
  await host.runNeighbour(`${host.run.id}-composed_default`);
  return { app, compose };
}
