import { expect, it } from '@jest/globals';
import { runApp, versionAt } from './support/fixtures/apps.js';
import type { Fate } from './support/engine/engine-proxy.js';
import { describeOnEngine, docker, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { proxiedService } from './support/service/proxied-service.js';

describeOnEngine('an engine that does not do what it is asked', () => {
  const rig = proxiedService({ ENGINE_TIMEOUT: '3s' });

  const refusal: Fate = { statusCode: 500 };
  const cases: [string, RegExp, Fate, Record<string, unknown>][] = [
    ['answers an error', /^\/containers\/[^/]+\/json/, refusal, { code: 'engine_error', stage: 'inspect' }],
    ['never answers', /^\/containers\/[^/]+\/json/, 'hang', { code: 'engine_timeout', stage: 'inspect' }],
    ['cannot create the replacement', /^\/containers\/create/, refusal, { code: 'create_failed', stage: 'prepare' }],
    ['can neither stop nor kill', /\/(stop|kill)/, refusal, { code: 'stop_failed', stage: 'swap' }],
  ];

  it.each(cases)(
    'and %s: the record says so, and the container runs on',
    async (_, path, fate, error) => {
      const image = uniqueImage('unhelped');
      const app = await runApp(image, { version: 'v1' });
      await publish(docker, image, { version: 'v2' });
      rig.proxy.hooks = { before: (call) => (path.test(call.path) ? fate : 'forward') };
      const failed = await rig.service.update(app.name, 60_000);
      expect(failed.error).toMatchObject({ ...error, message: expect.any(String) });
      rig.proxy.reset();
      const present = await docker.getContainer(app.name).inspect();
      expect(present).toMatchObject({ Id: app.id, State: { Running: true } });
      expect(await versionAt(app.port)).toBe('v1');
      // Whatever was left is put right by the next update, which succeeds.
      expect(await rig.service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await docker.listContainers({ all: true, filters: { name: [app.name] } })).toHaveLength(1);
    },
    90_000,
  );
});
