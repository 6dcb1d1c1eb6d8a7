// @extended
import { expect, it } from '@jest/globals';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { describeOnEachEngine, docker, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';

describeOnEachEngine('an update', (engine) => {
  it('answers at the published port with the new version', async () => {
    const service = await Service.start({ DOCKER_HOST: engine.dockerHost });
    const image = uniqueImage('web');
    const app = await runApp(image, { version: 'v1' }, {}, undefined, engine);
    expect(await versionAt(app.port, engine)).toBe('v1');
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
    expect(await versionAt(app.port, engine)).toBe('v2');
    await service.stop();
  });
});
