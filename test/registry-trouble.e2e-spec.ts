import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeOnEachEngine, testEnvironment, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { RegistryProxy } from './support/registry/registry-proxy.js';
import { Service } from './support/service/service.js';

describeOnEachEngine('a registry in trouble', (engine) => {
  let registry: RegistryProxy;
  let service: Service;
  let name: string;
  let containerId: string;

  beforeAll(async () => {
    registry = await RegistryProxy.start(testEnvironment().registry, engine.private?.namespaces);
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, PULL_RETRIES: '2' });
    await service.ready();
    const image = `${registry.host}/${uniqueName('trouble')}:latest`;
    await publish(engine.docker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    name = uniqueName('trouble');
    const container = await engine.docker.createContainer({ name, Image: image });
    containerId = container.id;
    await container.start();
  });
  afterAll(async () => {
    await service.stop();
    await engine.docker.getContainer(name).remove({ force: true });
    registry.stop();
  });
  beforeEach(() => {
    registry.failedAt.length = 0;
  });

  // The engine may ask twice for a tag: HEAD, then GET.
  it.each([
    ['a limit that is over at once', { statusCode: 429, message: 'retry-after: 711.804µs, allowed: 44000/minute' }],
    ['a limit without a delay', { statusCode: 429, message: 'Rate exceeded' }],
    ['a limit of a proxy in front of it', { statusCode: 429, page: '<html>Too Many Requests</html>' }],
    ['a server error', { statusCode: 503 }],
    ["a server error that is a proxy's own", { statusCode: 522, page: '<html>522</html>' }],
    ['a request that took too long', { statusCode: 408 }],
    ['a connection that breaks off', { statusCode: 'reset' as const }],
  ])('is asked again after %s', async (_, failure) => {
    registry.failure = { ...failure, times: 1 };
    const updated = await service.update(name);
    expect(registry.failedAt.length).toBeGreaterThan(0);
    expect(updated).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
  });

  it('is asked again only after the delay that it told', async () => {
    registry.failure = { statusCode: 429, message: 'retry-after: 4s, allowed: 44000/minute', times: 1 };
    const updated = await service.update(name);
    expect(updated).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    const [retry] = updated.retries ?? [];
    // An engine that keeps the registry's words to itself asks again on its own.
    if (retry) {
      expect(retry).toMatchObject({ code: 'rate_limited', stage: 'pull' });
      expect(Date.parse(retry.notBefore) - (registry.failedAt[0] ?? 0)).toBeGreaterThanOrEqual(3900);
    }
  });

  it('is not asked again where its quota is used up, and the record says until when', async () => {
    registry.failure = { statusCode: 429, message: 'retry-after: 6h', times: 100 };
    const failed = await service.update(name);
    expect(failed).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'rate_limited', stage: 'pull' } });
    const hours = (Date.parse(failed.error?.retryAt ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(5.9);
    expect(hours).toBeLessThanOrEqual(6);
    registry.failure = {
      statusCode: 429,
      message: 'You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
      times: 100,
    };
    expect(await service.update(name)).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'rate_limited' },
    });
    expect((await engine.docker.getContainer(name).inspect()).Id).toBe(containerId);
    registry.failure = undefined;
  });

  it('is asked again where its host cannot be found, and the advice is not about disks', async () => {
    const lost = uniqueName('lost');
    const { docker } = engine;
    const { Image } = await docker.getContainer(name).inspect();
    await docker.getImage(Image).tag({ repo: 'no-such-host.invalid/app', tag: 'latest' });
    await docker.createContainer({ name: lost, Image: 'no-such-host.invalid/app:latest' });
    const failed = await service.update(lost, 60_000);
    expect(failed).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'pull_failed', stage: 'pull' } });
    expect(failed.error?.message).not.toContain('disk');
    await docker.getContainer(lost).remove();
    await docker.getImage('no-such-host.invalid/app:latest').remove({ noprune: true });
  }, 90_000);
});
