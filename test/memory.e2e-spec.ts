// @extended
import { expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { FakeEngine, json } from './support/engine/fake-engine.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** `npm run test:memory` does all of it, and writes it down; `npm test` a sample. */
const isWhole = process.env.TEST_MEMORY === 'all';
const wanted = isWhole ? { notifies: 100_000, deployments: 10_000 } : { notifies: 2000, deployments: 200 };
const senders = 20;
/** Requests for one deployment: all but the last join it, or are answered at once; the last waits for the outcome. */
const notifiesPerDeployment = 10;
/** A leak of 1 KiB for each notify would be 100 MiB in the whole run, and would not fit into this heap. */
const heapMegabytes = 96;
const mostGrowthMib = 48;

it('memory over HTTP is flat, however many notifies and deployments there were', async () => {
  // That there is no such container is the shortest way through all of it: record, queue, worker, events.
  const engine = await FakeEngine.start();
  engine.on('GET', /^\/containers\/app-\d+\/json/, json({ message: 'No such container' }, 404));
  engine.on('GET', /^\/services\/app-\d+/, json({ message: 'This node is not a swarm manager.' }, 503));
  const service = await Service.start({
    DOCKER_HOST: engine.dockerHost,
    DEPLOYMENTS_KEPT: '100',
    LOG_LEVEL: 'error',
    NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`,
  });
  await service.ready();
  /** Resident, in MiB. */
  const memoryMib = (): number =>
    Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) / 1024);
  const done = { notifies: 0, deployments: 0 };
  const send = async (container: string, limit: typeof done): Promise<void> => {
    while (done.notifies < limit.notifies || done.deployments < limit.deployments) {
      for (let left = notifiesPerDeployment - 1; left >= 0; left--) {
        const response = await service.fetch(`/notify/${container}${left === 0 ? '?wait=50' : ''}`, { method: 'POST' });
        await response.text();
        expect(response.status).toBe(left === 0 ? 422 : 202);
        done.notifies++;
      }
      done.deployments++;
    }
  };
  const atRest = async (limit: typeof done): Promise<number> => {
    await Promise.all(Array.from({ length: senders }, (_, sender) => send(`app-${sender}`, limit)));
    await until('the queue to be empty', 60_000, async () => {
      const waiting = await Promise.all(['queued', 'running'].map((status) => service.list(`?status=${status}`)));
      return waiting.flat().length === 0 || undefined;
    });
    return memoryMib();
  };
  const early = await atRest({ notifies: wanted.notifies / 5, deployments: wanted.deployments / 5 });
  const notifiesEarly = done.notifies;
  const late = await atRest(wanted);
  expect(done.notifies).toBeGreaterThanOrEqual(wanted.notifies);
  expect(done.deployments).toBeGreaterThanOrEqual(wanted.deployments);
  expect(await service.list('?limit=200')).toHaveLength(100);
  expect(engine.unexpected).toEqual([]);
  expect(late - early).toBeLessThan(mostGrowthMib);
  if (isWhole) {
    const when = new Date().toISOString().slice(0, 16).replace('T', ' ');
    writeFileSync(
      'docs/memory.md',
      `# Memory: the last full run\n\nWritten by \`npm run test:memory\`, over HTTP, with a heap of at most ${heapMegabytes} MB.\n\n${when} UTC · Node ${process.version} · ${cpus().length} cores\n\n` +
        `| after | resident memory |\n|---|---:|\n| ${notifiesEarly} notifies | ${early} MiB |\n| ${done.notifies} notifies, ${done.deployments} deployments | ${late} MiB |\n`,
    );
  }
  expect(await service.stop()).toBe(0);
  engine.stop();
}, 3_600_000);
