import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { curl, haveCurl } from './support/service/curl.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';

const itWithCurl = haveCurl() ? it : it.skip;

describeOnEngine('the line of README.md, for somebody who sees it fail', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost });
    await service.ready();
  });
  afterAll(() => service.stop());

  const deploy = async (container: string): Promise<{ exitCode: number; problem: Record<string, unknown> }> => {
    const url = `${service.url}/notify/${container}?wait=50`;
    const authorization = `Authorization: Bearer ${Service.secret}`;
    const { exitCode, body } = await curl(['--fail-with-body', '-sS', '-X', 'POST', '-H', authorization, url]);
    return { exitCode, problem: JSON.parse(body) as Record<string, unknown> };
  };
  const broken = async (next: AppImage): Promise<App> => {
    const image = uniqueImage('cause');
    const app = await runApp(image, { version: 'v1' }, { Labels: { 'trigger-docker-pull.timeout': '4s' } });
    await publish(docker, image, next);
    return app;
  };
  const cases: [string, () => Promise<App>, string, RegExp][] = [
    [
      'a tag that is not there',
      async () => {
        const local = `${testEnvironment().registry}/${uniqueName('never-pushed')}:latest`;
        const app = await broken({ version: 'v2' });
        const inspected = await docker.getContainer(app.name).inspect();
        await docker.getImage(inspected.Image).tag({ repo: local.slice(0, -':latest'.length), tag: 'latest' });
        const name = uniqueName('missing-tag');
        const container = await docker.createContainer({ name, Image: local });
        await container.start();
        return { name, id: container.id, port: app.port };
      },
      'pull_not_found',
      /check that the image was pushed/,
    ],
    [
      'a registry that wants credentials',
      async () => {
        const { account, privateRegistry } = testEnvironment();
        return runApp(`${privateRegistry}/${uniqueName('private')}:latest`, { version: 'v1' }, {}, account);
      },
      'pull_unauthorized',
      /no credentials/,
    ],
    [
      'an image that exits',
      () => broken({ version: 'v2', cmd: ['/bin/sh', '-c', 'echo the reason; exit 3'] }),
      'exited',
      /exited with code 3/,
    ],
    [
      'an image that is not healthy',
      () =>
        broken({
          version: 'v2',
          config: {
            Healthcheck: {
              Test: ['CMD', '/bin/sh', '-c', 'echo sick; exit 1'],
              Interval: 1e9,
              Timeout: 1e9,
              Retries: 1,
            },
          },
        }),
      'unhealthy',
      /HEALTHCHECK says unhealthy/,
    ],
    [
      'a container that must not be updated',
      () => runApp(uniqueImage('refused'), { version: 'v1' }, { Labels: { 'trigger-docker-pull.enable': 'false' } }),
      'refused',
      /trigger-docker-pull\.enable/,
    ],
  ];

  itWithCurl.each(cases)('names %s', async (_, prepare, code, cause) => {
    const app = await prepare();
    const { exitCode, problem } = await deploy(app.name);
    // 22: the server answered with an error
    expect(exitCode).toBe(22);
    expect(problem).toMatchObject({ status: 422, code, detail: expect.stringMatching(cause) });
    expect(await versionAt(app.port)).toBe('v1');
  });

  itWithCurl('names a container that does not exist', async () => {
    const { exitCode, problem } = await deploy('wbe');
    expect(exitCode).toBe(22);
    expect(problem).toMatchObject({ status: 422, code: 'no_such_container', detail: expect.stringContaining('wbe') });
  });
});
