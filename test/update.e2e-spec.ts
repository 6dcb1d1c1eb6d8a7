import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/environment.js';
import { publish } from './support/images.js';
import { runApp, versionAt } from './support/apps.js';
import { Service } from './support/service.js';

describeOnEngine('an update', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost });
    await service.ready();
  });
  afterAll(() => service.stop());

  it('S1, S2: pulls the image that the container is configured with and recreates it where it changed', async () => {
    const image = uniqueImage('web');
    const { name, id, port } = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    const deployment = await service.update(name);
    expect(deployment).toMatchObject({ container: name, status: 'succeeded', result: 'updated', image });
    const after = await docker.getContainer(name).inspect();
    expect(after.Id).not.toBe(id);
    expect(after.State.Running).toBe(true);
    expect(await versionAt(port)).toBe('v2');
  });
});
