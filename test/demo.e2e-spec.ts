import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeOnEngine, docker, testEnvironment } from './support/runner/environment.js';

describeOnEngine('the demo', () => {
  it('keeps every promise that it makes, and leaves nothing on an engine that was there before', async () => {
    const everything = async (): Promise<unknown[]> => [
      (await docker.listContainers({ all: true })).map(({ Id }) => Id).sort(),
      (await docker.listNetworks()).map(({ Id }) => Id).sort(),
      (await docker.listVolumes()).Volumes.map(({ Name }) => Name).sort(),
    ];
    const before = await everything();
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'test/demo.ts'], {
      env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost },
      timeout: 150_000,
    });
    expect(stdout.match(/✓/g)).toHaveLength(10);
    expect(stdout).toContain('✓ already up to date; nothing was touched');
    expect(stdout).toContain('rolled back in');
    expect(await everything()).toEqual(before);
  }, 180_000);
});
