import { expect, it } from '@jest/globals';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { assertRoomForPull, freeDiskBytes } from './disk-space.js';
import type { Engine } from '../engine/engine.js';

const engineWith = (info: object, knownInfo = info): Engine =>
  ({ info: () => Promise.resolve(info), knownInfo: () => Promise.resolve(knownInfo) }) as Engine;
const here = { socketPath: '/var/run/docker.sock' };

it('asks the file system of the folder of an engine on this machine', async () => {
  const free = await freeDiskBytes({ DockerRootDir: tmpdir() }, true);
  const { blocks, bsize } = await statfs(tmpdir());
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThanOrEqual(blocks * bsize);
});

it('takes the word of an engine that says it', async () => {
  expect(await freeDiskBytes({ DriverStatus: [['Space Available', '123456']] }, false)).toBe(123_456);
  expect(await freeDiskBytes({ DriverStatus: [['Data Space Available', '1.5 GB']] }, true)).toBe(1_500_000_000);
});

it('does not guess: a folder of the same name here says nothing of an engine elsewhere', async () => {
  expect(await freeDiskBytes({ DockerRootDir: tmpdir(), DriverStatus: null }, false)).toBeUndefined();
  await expect(
    assertRoomForPull(engineWith({ DockerRootDir: tmpdir() }), { minFreeDiskBytes: 1e18, engine: {} }),
  ).resolves.toBeUndefined();
});

it('refuses a pull for which there is no room, with both sizes', async () => {
  const engine = engineWith({ DriverStatus: [['Space Available', '5000000']] });
  await expect(assertRoomForPull(engine, { minFreeDiskBytes: 256e6, engine: here })).rejects.toMatchObject({
    code: 'disk_full',
    stage: 'pull',
    message: expect.stringMatching(/only 5 MB .* 256 MB of MIN_FREE_DISK/),
  });
  await expect(assertRoomForPull(engine, { minFreeDiskBytes: 5e6, engine: here })).resolves.toBeUndefined();
});

it('asks an engine again that says it, for it changes', async () => {
  const space = (free: string): object => ({ DriverStatus: [['Space Available', free]] });
  const check = (now: string, before: string): Promise<void> =>
    assertRoomForPull(engineWith(space(now), space(before)), { minFreeDiskBytes: 256e6, engine: here });
  await expect(check('5000000', '5000000000')).rejects.toMatchObject({ code: 'disk_full' });
  await expect(check('5000000000', '5000000')).resolves.toBeUndefined();
});
