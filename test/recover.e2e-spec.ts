import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runApp, type App } from './support/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/environment.js';

/** Runs the command as an operator does where no service is at work: with the engine, and nothing else. */
async function recover(): Promise<{ code: number; output: string }> {
  const DOCKER_HOST = testEnvironment().dockerHost;
  const PATH = process.env.PATH ?? '';
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['bundle/main.cjs', 'recover'], {
      env: { PATH, DOCKER_HOST },
      timeout: 50_000,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

describeOnEngine('the command recover', () => {
  /** A container whose update was cut off between the two renamings of the swap. */
  const cutOff = async (): Promise<App> => {
    const image = uniqueImage('recover');
    const app = await runApp(image, { version: 'v1' });
    const old12 = app.id.slice(0, 12);
    await docker.createContainer({
      name: `${app.name}-upd-new-${old12}`,
      Image: image,
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    const old = docker.getContainer(app.id);
    await old.stop();
    await old.rename({ name: `${app.name}-upd-old-${old12}` });
    return app;
  };
  const named = async (name: string): Promise<unknown[]> =>
    (await docker.listContainers({ all: true, filters: { name: [name] } })).map(({ Id, Names, State }) => [
      Id,
      Names.join(),
      State,
    ]);

  it('puts the old container back, itself, running and with its restart policy', async () => {
    const { name, id } = await cutOff();
    expect(await recover()).toMatchObject({ code: 0, output: expect.stringContaining(`${name} is in order again`) });
    expect(await named(name)).toEqual([[id, `/${name}`, 'running']]);
    expect((await docker.getContainer(id).inspect()).HostConfig.RestartPolicy?.Name).toBe('always');
    expect(await recover()).toMatchObject({ code: 0, output: expect.stringContaining('all containers are in order') });
    await docker.getContainer(id).remove({ force: true });
  });

  it('ends with 1, and says of which container, where a repair by hand is needed', async () => {
    const { name, id } = await cutOff();
    const theirs = await docker.createContainer({
      name,
      Image: (await docker.getContainer(id).inspect()).Config.Image,
    });
    expect(await recover()).toMatchObject({ code: 1, output: expect.stringContaining(name) });
    const left = await named(name);
    expect(left).toEqual(expect.arrayContaining([[theirs.id, `/${name}`, 'created']]));
    for (const entry of left) await docker.getContainer(String((entry as string[])[0])).remove({ force: true });
  });
});
