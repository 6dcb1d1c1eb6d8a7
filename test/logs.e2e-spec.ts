import { expect, it } from '@jest/globals';
import { runApp } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

describeOnEngine('S21: the log of a deployment', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { 'X-Request-Id': 'pipeline-4711', traceparent: `00-${traceId}-00f067aa0ba902b7-01` };

  it('carries the request, its trace and the deployment on every line, and tells who asked, what changed and how it ended', async () => {
    const service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost });
    await service.ready();
    const image = uniqueImage('logged');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    const before = service.logs.length;
    const accepted = await service.fetch(`/notify/${app.name}`, { method: 'POST', headers });
    expect(accepted.headers.get('x-request-id')).toBe('pipeline-4711');
    const { id } = (await accepted.json()) as { id: string };
    const ended = await service.settled(id);
    expect(ended).toMatchObject({ result: 'updated', requestId: 'pipeline-4711', traceId });
    await until(
      'the last line',
      5000,
      () => service.logs.some(({ message }) => message.includes('updated to')) || undefined,
    );

    const lines = service.logs
      .slice(before)
      .filter(({ context }) => ['Notify', 'Worker', 'Docker', 'Pull'].includes(context ?? ''));
    expect(lines.length).toBeGreaterThan(7);
    for (const line of lines) expect(line).toMatchObject({ requestId: 'pipeline-4711', traceId });
    expect(lines[0]).toMatchObject({ requestedBy: 'secret-key', deploymentId: id, container: app.name });
    for (const line of lines.slice(1)) expect(line).toMatchObject({ deploymentId: id });
    expect(lines.at(-1)).toMatchObject({
      level: 'info',
      status: 'succeeded',
      image,
      fromImageId: ended.fromImageId,
      toImageId: ended.toImageId,
      digest: ended.digest,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    await service.stop();
  });

  it('is the same in pretty, and ignores what is no trace', async () => {
    const service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, LOG_FORMAT: 'pretty' });
    await service.ready();
    await service.fetch('/notify/nobody', { method: 'POST', headers: { ...headers, traceparent: '00-x-y-01' } });
    const end = await until('the end', 10_000, () => service.output.find((line) => line.includes('no_such_container')));
    expect(end).toContain('nobody: failed');
    await until('its facts', 5000, () => service.output.some((line) => line.includes('pipeline-4711')) || undefined);
    expect(service.output.join('\n')).not.toContain('traceId');
    await service.stop();
  });
});
