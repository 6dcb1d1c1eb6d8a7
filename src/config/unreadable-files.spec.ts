import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { hangingMount } from '../../test/support/engine/hanging-mount.js';
import { hasStuckFiles, withFileTimeout } from '../common/file-timeout.js';
import { assertFilesAnswer } from './files-of-settings.js';
import { PolicyFile } from './policy/policy-file.js';
import { fileStamp, readRegularFile } from '../common/regular-file.js';

describe('withFileTimeout', () => {
  it('answers what the work answers, and throws what it throws', async () => {
    expect(await withFileTimeout('/a', () => Promise.resolve(1))).toBe(1);
    await expect(withFileTimeout('/a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('gives up after its timeout, fails at once while the call is out, and recovers with it', async () => {
    let comeBack = (): void => undefined;
    const call = new Promise<void>((resolve) => (comeBack = resolve));
    await expect(withFileTimeout('/stuck', () => call, { timeoutMs: 20 })).rejects.toThrow('within 0.02 s');
    expect(hasStuckFiles()).toBe(true);
    const started = performance.now();
    await expect(withFileTimeout('/stuck', () => Promise.resolve())).rejects.toThrow('its mount away');
    expect(performance.now() - started).toBeLessThan(1000);
    comeBack();
    await setImmediate();
    expect(await withFileTimeout('/stuck', () => Promise.resolve('back'))).toBe('back');
    expect(hasStuckFiles()).toBe(false);
  });

  it('gives up when it is told to', async () => {
    const signal = AbortSignal.timeout(20);
    await expect(withFileTimeout('/aborted', () => setTimeout(100), { signal })).rejects.toThrow('did not answer');
    await setTimeout(150);
    expect(hasStuckFiles()).toBe(false);
  });
});

const mount = hangingMount();
(mount ? describe : describe.skip)('a file on a mount that hangs', () => {
  afterAll(() => {
    mount?.end();
  });
  const path = (name: string): string => join(mount?.folder ?? '', name);
  const timeoutMs = 200;

  it('is given up, however many are asked for, and leaves threads for the files that answer', async () => {
    const reads = Array.from({ length: 8 }, (_, index) => readRegularFile(path(String(index)), { timeoutMs }));
    const stamps = Array.from({ length: 8 }, (_, index) => fileStamp(path(`stamp-${index}`), { timeoutMs }));
    const results = await Promise.allSettled(reads);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(new Set(await Promise.all(stamps))).toEqual(new Set(['ETIMEDOUT']));
    const good = join(mkdtempSync(join(tmpdir(), 'good-')), 'file');
    writeFileSync(good, 'good');
    expect((await stat(good)).size).toBe(4);
  });

  it('ends the start with its name', async () => {
    const named = { SECRET_KEY_FILE: path('secret'), DOCKER_CONFIG_PATH: path('config.json') };
    await expect(assertFilesAnswer(named, timeoutMs)).rejects.toThrow(
      /SECRET_KEY_FILE names a file that did not answer/,
    );
  });

  it('is no policy', async () => {
    await expect(PolicyFile.open(path('policy.yaml'), {})).rejects.toThrow('it did not answer within 5 s');
  }, 20_000);
});
