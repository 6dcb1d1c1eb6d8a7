import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PolicyFile } from './policy-file.js';

describe('PolicyFile', () => {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  let path: string;
  let now: number;
  const open = () => PolicyFile.open(path, {}, () => now);
  const frozen = async (file: PolicyFile): Promise<string | undefined> => {
    await file.refresh();
    return file.current().frozenBecause;
  };

  beforeEach(() => {
    error.mockClear();
    path = join(mkdtempSync(join(tmpdir(), 'policy-')), 'policy.yaml');
    now = 0;
  });

  it('reads YAML and JSON', async () => {
    for (const text of ['frozen: true\nreason: holidays\n', '{"frozen": true, "reason": "holidays"}']) {
      writeFileSync(path, text);
      expect((await open()).current().frozenBecause).toBe('holidays');
    }
  });

  it('is empty where there is no path', async () => {
    expect((await PolicyFile.open(undefined, {})).current()).toMatchObject({ tokens: [], oidc: [], containers: [] });
  });

  it('takes a new version within a second, without a watcher', async () => {
    writeFileSync(path, '{}');
    const file = await open();
    writeFileSync(path, 'frozen: true\nreason: holidays\n');
    now = 999;
    expect(await frozen(file)).toBeUndefined();
    now = 1000;
    expect(await frozen(file)).toBe('holidays');
  });

  it.each([
    ['is empty', '', 'it is empty'],
    ['has nothing but comments', '# frozen: true\n', 'it is empty'],
    ['is broken', 'tokens: [', 'not valid YAML'],
    ['is wrong', 'tokens: {}', 'tokens'],
    ['is too long', `# ${'x'.repeat(1024 * 1024)}`, 'more than 1048576 bytes'],
    [
      'multiplies itself',
      `a: &a [x,x]\n${'bcdefghijk'.replace(/./g, (c, i: number) => `${c}: &${c} [${`*${'abcdefghij'[i] ?? ''},`.repeat(9)}]\n`)}`,
      'not valid YAML',
    ],
  ])('keeps the old version where the new one %s, and says so once', async (_, text, reason) => {
    writeFileSync(path, 'frozen: true\nreason: holidays\n');
    const file = await open();
    writeFileSync(path, text);
    for (now = 1000; now < 5000; now += 1000) expect(await frozen(file)).toBe('holidays');
    expect(error).toHaveBeenCalledTimes(1);
    expect(error).toHaveBeenCalledWith(expect.stringContaining(reason));
  });

  it('keeps the old version where the file is gone', async () => {
    writeFileSync(path, 'frozen: true\nreason: holidays\n');
    const file = await open();
    rmSync(path);
    now = 1000;
    expect(await frozen(file)).toBe('holidays');
    expect(error).toHaveBeenCalledWith(expect.stringContaining('ENOENT'));
  });

  it.each([
    ['a FIFO', 'mkfifo "$1"', 'is not a regular file'],
    ['a symbolic link to itself', 'ln -s "$1" "$1"', 'ELOOP'],
    ['a device', 'ln -s /dev/zero "$1"', 'is not a regular file'],
    ['a folder', 'mkdir "$1"', 'is a folder'],
  ])('keeps the old version where the file has become %s, and is refused at the start', async (_, make, reason) => {
    writeFileSync(path, 'frozen: true\nreason: holidays\n');
    const file = await open();
    rmSync(path);
    execFileSync('sh', ['-c', make, 'sh', path]);
    for (now = 1000; now < 4000; now += 1000) expect(await frozen(file)).toBe('holidays');
    expect(error).toHaveBeenCalledTimes(1);
    expect(error).toHaveBeenCalledWith(expect.stringContaining(reason));
    await expect(open()).rejects.toThrow(reason);
  });

  it('takes no version that is still being written', async () => {
    const whole = 'frozen: true\nreason: holidays\n';
    writeFileSync(path, whole);
    const file = await open();
    let written = '';
    const writing = (async () => {
      for (const line of ['tokens: []\n', 'oidc: []\n', 'containers: []\n', whole]) {
        writeFileSync(path, (written += line));
        await setTimeout(40);
      }
    })();
    now = 1000;
    expect(await frozen(file)).toBe('holidays');
    await writing;
    expect(error).not.toHaveBeenCalled();
  });

  it('is refused at the start where it is empty', async () => {
    writeFileSync(path, '');
    await expect(open()).rejects.toThrow('it is empty');
  });

  it('is refused at the start where it is of no use', async () => {
    await expect(open()).rejects.toThrow('cannot be read (ENOENT)');
  });
});
