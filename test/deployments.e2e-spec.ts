import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Deployment } from '../src/deployments/deployment.js';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { describeOnEngine, docker, uniqueImage } from './support/runner/environment.js';
import { allEvents, followEvents } from './support/service/event-stream.js';
import { holdAt } from './support/service/hold.js';
import { publish, publishUnseen } from './support/fixtures/images.js';
import { proxiedService } from './support/service/proxied-service.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

type Shown = Deployment & { position?: number };

describe('deployments that wait', () => {
  let service: Service;
  let running: string;

  beforeEach(async () => {
    // Without an engine the first one runs, and waits for it; the others stay in the queue.
    service = await Service.start({
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      ENGINE_WAIT: '60s',
      EVENT_STREAMS: '2',
    });
    running = await accepted('first');
    await until('the first one to run', 5000, async () => (await shown(running)).status === 'running' || undefined);
  });
  afterEach(() => service.kill());

  const accepted = async (container: string): Promise<string> =>
    ((await (await service.notify(container)).json()) as { id: string }).id;
  const shown = (id: string): Promise<Shown> => service.deployment(id);
  const list = (query?: string): Promise<Shown[]> => service.list(query);
  const drop = (id: string): Promise<Response> => service.fetch(`/deployments/${id}`, { method: 'DELETE' });

  it('are listed newest first, by container, status and number, with their place in the queue', async () => {
    const [second, third] = [await accepted('second'), await accepted('third')];
    await accepted('second');
    const all = await list();
    expect(all.map(({ id, position }) => [id, position])).toEqual([
      [third, 2],
      [second, 1],
      [running, undefined],
    ]);
    expect(all[1]).toMatchObject({ container: 'second', coalesced: 1, coalescedFrom: ['secret-key'] });
    expect((await list('?limit=1')).map(({ id }) => id)).toEqual([third]);
    expect((await list('?container=second')).map(({ id }) => id)).toEqual([second]);
    expect((await list('?status=running')).map(({ id }) => id)).toEqual([running]);
    expect(await list('?status=running&container=second')).toEqual([]);
  });

  it.each(['?limit=0', '?limit=201', '?limit=1.5', '?status=done', '?container=-web', '?container=', '?state=queued'])(
    'are not listed by what is odd: %s is 400',
    async (query) => {
      const response = await service.fetch(`/deployments${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'invalid_query',
        detail: expect.stringMatching(/limit|stat|container/),
      });
    },
  );

  it('can be dropped, and those behind move up; running and finished ones cannot', async () => {
    const [second, third] = [await accepted('second'), await accepted('third')];
    const waiting = service.fetch(`/deployments/${second}?wait=50`);
    const response = await drop(second);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      id: second,
      status: 'dropped',
      error: { code: 'cancelled', message: expect.stringContaining('secret-key') },
    });
    expect((await shown(third)).position).toBe(1);
    const waited = await waiting;
    expect([waited.status, waited.headers.has('retry-after')]).toEqual([503, true]);
    expect(await waited.json()).toMatchObject({ code: 'cancelled' });
    expect((await service.fetch(`/deployments/${second}`)).status).toBe(200);

    const again = await drop(second);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: 'already_finished', deployment: { status: 'dropped' } });
    const busy = await drop(running);
    expect(busy.status).toBe(409);
    expect(await busy.json()).toMatchObject({ code: 'already_running', deployment: { status: 'running' } });
    expect((await drop('unknown')).status).toBe(404);
    // A container whose deployment was dropped can be notified anew.
    expect(await accepted('second')).not.toBe(second);
  });

  it('can be followed by so many clients at once; a client that leaves makes room', async () => {
    const second = await accepted('second');
    const leaving = new AbortController();
    const follow = (signal?: AbortSignal): Promise<Response> =>
      fetch(`${service.url}/deployments/${second}/events`, {
        headers: { Authorization: `Bearer ${Service.secret}` },
        signal,
      });
    const first = await follow(leaving.signal);
    expect(first.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.headers.get('x-accel-buffering')).toBe('no');
    const other = await follow();
    const refused = await follow();
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true]);
    expect(await refused.json()).toMatchObject({ code: 'too_many_streams' });
    leaving.abort();
    await until('room for another', 5000, async () => {
      const response = await follow();
      await response.body?.cancel();
      return response.status === 200 || undefined;
    });
    await drop(second);
    const text = await other.text();
    expect(text).toMatch(/^event: snapshot\n.*"position":1.*\n\nevent: done\n.*"status":"dropped"/);
    expect((await service.fetch('/deployments/unknown/events')).status).toBe(404);
  });

  it('tell those who follow them of the stop of the service, and do not hold it up', async () => {
    const second = await accepted('second');
    const following = [allEvents(service, running), allEvents(service, second)];
    await until(
      'both to be followed',
      5000,
      async () => (await service.fetch(`/deployments/${second}/events`)).status === 503 || undefined,
    );
    const started = performance.now();
    expect(await service.stop('SIGTERM')).toBe(0);
    // docker stop kills after 10 s
    expect(performance.now() - started).toBeLessThan(10_000);
    for (const events of await Promise.all(following)) {
      expect(events.map(({ event }) => event).filter((event) => event !== 'stage')).toEqual(['snapshot', 'done']);
      expect(events.at(-1)?.data).toMatchObject({ status: 'dropped' });
    }
  });
});

describeOnEngine('the record of a deployment', () => {
  const rig = proxiedService({ LOG_TAIL_LINES: '3' });

  it('tells what was found and done, and can be followed live', async () => {
    const image = uniqueImage('followed');
    const app = await runApp(image, { version: 'v1' });
    await publishUnseen(docker, image, { version: 'v2' });
    const { letGo } = holdAt(rig.proxy, app.name);
    const { id } = (await (await rig.service.notify(app.name)).json()) as { id: string };
    const stream = followEvents(rig.service, id);
    const first = await stream.next();
    expect(first.value).toMatchObject({ event: 'snapshot', data: { id, container: app.name } });
    letGo();
    const events = [];
    for await (const event of stream) events.push(event);
    const names = events.map(({ event }) => event);
    expect(names.at(-1)).toBe('done');
    expect(names).toContain('progress');
    expect(events.find(({ event }) => event === 'progress')?.data).toEqual({
      layersDone: expect.any(Number),
      layersTotal: expect.any(Number),
      currentBytes: expect.any(Number),
      totalBytes: expect.any(Number),
    });
    const stages = events.filter(({ event }) => event === 'stage').map(({ data }) => data.stage);
    expect(stages.slice(-5)).toEqual(['pull', 'prepare', 'swap', 'prove', 'commit']);

    const record = await rig.service.deployment(id);
    expect(events.at(-1)?.data).toEqual(record);
    expect(record).toMatchObject({
      requestedBy: 'secret-key',
      status: 'succeeded',
      result: 'updated',
      image,
      fromImageId: expect.stringMatching(/^sha256:/),
      toImageId: expect.stringMatching(/^sha256:/),
      fromDigest: expect.stringMatching(/^sha256:/),
      digest: expect.stringMatching(/^sha256:/),
      downtimeMs: expect.any(Number),
      queuedAt: expect.any(String),
      startedAt: expect.any(String),
      finishedAt: expect.any(String),
    });
    expect(record.fromDigest).not.toBe(record.digest);
    expect(record.stages.every(({ durationMs }) => typeof durationMs === 'number')).toBe(true);
    // One that has ended is told in two events.
    expect((await allEvents(rig.service, id)).map(({ event }) => event)).toEqual(['snapshot', 'done']);
  });

  it('tells the last words of a new container that failed, with what the user set masked, and what the image set not', async () => {
    const image = uniqueImage('talkative');
    const secret = 'postgres://app:hunter22@db/app';
    const app = await runApp(image, { version: 'v1' }, { Env: [`DATABASE_URL=${secret}`, 'MODE=short'] });
    await publish(docker, image, {
      version: 'v2',
      env: { IMAGE_VALUE: 'set-by-the-image' },
      cmd: [
        '/bin/sh',
        '-c',
        'echo one; echo "cannot reach $DATABASE_URL in mode $MODE"; echo "$IMAGE_VALUE"; echo "token ' +
          Service.secret +
          '"; exit 7',
      ],
    });
    const deployment = await rig.service.update(app.name);
    expect(deployment).toMatchObject({
      status: 'rolled_back',
      error: {
        code: 'exited',
        exitCode: 7,
        logTail: ['cannot reach *** in mode short', 'set-by-the-image', 'token ***'],
      },
    });
    expect(rig.service.output.join('\n')).not.toContain(secret);
    expect(await versionAt(app.port)).toBe('v1');
    expect((await allEvents(rig.service, deployment.id)).at(-1)?.data).toMatchObject({ error: deployment.error });
  });
});
