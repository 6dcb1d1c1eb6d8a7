import { beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  digestOf,
  fixedSecret,
  problemOfSecret,
  readSecretText,
  SecretFile,
  UnusableSecretFile,
  weaknessOfSecret,
} from './secret.js';

describe('fixedSecret', () => {
  const secret = fixedSecret(digestOf('s3cret'));
  it.each([
    ['s3cret', true],
    ['s3cre', false],
    ['s3crets', false],
    ['S3cret', false],
    ['', false],
    ['x'.repeat(10_000), false],
  ])('compares %p with s3cret: %p', (given, same) => {
    expect(secret.matches(digestOf(given))).toBe(same);
  });
});

describe('problemOfSecret', () => {
  it.each([
    ['', 'must not be empty'],
    [' \n', 'must not be empty'],
    ['two words', 'without white space'],
    ['tök', 'visible ASCII'],
  ])('refuses %p', (text, rule) => {
    expect(problemOfSecret(text)).toContain(rule);
  });

  it('is content with what fits a header', () => {
    expect(problemOfSecret('a+b/c=._~-')).toBeUndefined();
  });
});

describe('weaknessOfSecret', () => {
  it.each([
    ['a', 'has only 1 characters'],
    ['fifteen-letters', 'has only 15 characters'],
    ['0'.repeat(64), 'repeats a few characters'],
    ['abcab'.repeat(10), 'repeats a few characters'],
  ])('finds %p weak', (secret, why) => {
    expect(weaknessOfSecret(secret)).toContain(why);
    expect(weaknessOfSecret(secret)).toContain('openssl rand -hex 32');
  });

  it('is content with what openssl makes, and never tells the secret', () => {
    expect(weaknessOfSecret('3f1c0a6b9d2e4f7788a1b2c3d4e5f607')).toBeUndefined();
    expect(weaknessOfSecret('hunter2')).not.toContain('hunter2');
  });
});

describe('a secret in a file', () => {
  let folder: string;
  let path: string;
  let now: number;
  let reports: string[];
  let warnings: string[];
  const open = () =>
    SecretFile.open(
      path,
      { error: (problem) => reports.push(problem), warn: (problem) => warnings.push(problem) },
      () => now,
    );
  const matches = async (secret: SecretFile, text: string): Promise<boolean> => {
    await secret.refresh();
    if (secret.matches(digestOf(text))) return true;
    await secret.look();
    return secret.matches(digestOf(text));
  };
  const replace = (text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secret-'));
    path = join(folder, 'token');
    now = 0;
    reports = [];
    warnings = [];
    writeFileSync(path, 'first\n');
  });

  it.each([
    ['token', 'token'],
    ['token\n', 'token'],
    ['token\r\n', 'token'],
    ['token\n\n', 'token\n'],
    [' token', ' token'],
  ])('is read from %p as %p: one trailing line break is not of it', (text, expected) => {
    writeFileSync(path, text);
    expect(readSecretText(path)).toBe(expected);
  });

  it.each(['', '\n', 'two\n\n', 'two words'])('is refused where the file holds %p', async (text) => {
    writeFileSync(path, text);
    await expect(open()).rejects.toThrow(UnusableSecretFile);
  });

  it('is refused where there is no file', async () => {
    rmSync(path);
    await expect(open()).rejects.toThrow('ENOENT');
  });

  it('is read again as soon as a token does not match, and the replaced one is taken for another minute', async () => {
    const secret = await open();
    replace('second\n');
    expect(await matches(secret, 'second')).toBe(true);
    expect(await matches(secret, 'first')).toBe(true);
    expect(await matches(secret, 'third')).toBe(false);
    now = 60_000;
    expect(await matches(secret, 'first')).toBe(false);
    expect(await matches(secret, 'second')).toBe(true);
  });

  it('is not the beginning of one that is being written', async () => {
    const secret = await open();
    writeFileSync(path, 's');
    const first = matches(secret, 's');
    await setTimeout(50);
    writeFileSync(path, 'second\n');
    expect(await first).toBe(false);
    expect(await matches(secret, 'second')).toBe(true);
    expect(await matches(secret, 'first')).toBe(true);
    expect(await matches(secret, 's')).toBe(false);
  });

  it('is weak when it is short or repeats itself, and says so, also when it is replaced by a weak one', async () => {
    writeFileSync(path, 'the-first-good-secret');
    const secret = await open();
    expect(warnings).toEqual([]);
    replace('weak');
    expect(await matches(secret, 'weak')).toBe(true);
    expect(warnings).toEqual([expect.stringContaining('has only 4 characters')]);
  });

  it('is no FIFO, device or endless file, and none of them holds the service', async () => {
    const secret = await open();
    for (const make of [
      'mkfifo "$1"',
      'ln -s /dev/zero "$1"',
      'ln -s /proc/self/pagemap "$1"',
      'ln -s "$1" "$1"',
      'mkdir "$1"',
      'truncate -s 2M "$1"',
    ]) {
      rmSync(path, { recursive: true });
      execFileSync('sh', ['-c', make, 'sh', path]);
      expect(await matches(secret, 'other')).toBe(false);
      expect(await matches(secret, 'first')).toBe(true);
    }
    expect(reports).toEqual([
      expect.stringContaining('is not a regular file'),
      expect.stringContaining('is not a regular file'),
      expect.stringMatching(/more than 1048576 bytes|cannot be read/),
      expect.stringContaining('cannot be read (ELOOP)'),
      expect.stringContaining('is a folder'),
      expect.stringContaining('has more than 1048576 bytes'),
    ]);
  });

  it('ages also where nobody shows the new one', async () => {
    const secret = await open();
    replace('second');
    now = 1000;
    expect(await matches(secret, 'first')).toBe(true);
    now = 61_000;
    expect(await matches(secret, 'first')).toBe(false);
  });

  it('follows symbolic links, as Kubernetes mounts secrets', async () => {
    const link = join(folder, '..data');
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'token'), `of-${version}`);
    }
    symlinkSync('v1', link);
    path = join(link, 'token');
    const secret = await open();
    expect(await matches(secret, 'of-v1')).toBe(true);
    symlinkSync('v2', `${link}.new`);
    renameSync(`${link}.new`, link);
    expect(await matches(secret, 'of-v2')).toBe(true);
  });

  it('stays as it was where the new version is of no use, says so once, and takes the next good one', async () => {
    const secret = await open();
    replace('');
    for (let look = 0; look < 3; look++) expect(await matches(secret, '')).toBe(false);
    expect(await matches(secret, 'first')).toBe(true);
    expect(reports).toEqual([expect.stringContaining('must not be empty')]);
    rmSync(path);
    expect(await matches(secret, 'first')).toBe(true);
    expect(await matches(secret, 'other')).toBe(false);
    expect(reports).toHaveLength(2);
    writeFileSync(path, 'third');
    expect(await matches(secret, 'third')).toBe(true);
  });
});
