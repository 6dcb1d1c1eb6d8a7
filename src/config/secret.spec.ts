import { beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, fixedSecret, problemOfSecret, readSecretText, SecretFile, UnusableSecretFile } from './secret.js';

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

describe('a secret in a file', () => {
  let folder: string;
  let path: string;
  let now: number;
  let reports: string[];
  const open = () =>
    new SecretFile(
      path,
      (problem) => reports.push(problem),
      () => now,
    );
  const replace = (text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secret-'));
    path = join(folder, 'token');
    now = 0;
    reports = [];
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

  it.each(['', '\n', 'two\n\n', 'two words'])('is refused where the file holds %p', (text) => {
    writeFileSync(path, text);
    expect(open).toThrow(UnusableSecretFile);
  });

  it('is refused where there is no file', () => {
    rmSync(path);
    expect(open).toThrow('ENOENT');
  });

  it('is read again as soon as a token does not match, and the replaced one is taken for another minute', () => {
    const secret = open();
    replace('second\n');
    expect(secret.matches(digestOf('second'))).toBe(true);
    expect(secret.matches(digestOf('first'))).toBe(true);
    expect(secret.matches(digestOf('third'))).toBe(false);
    now = 60_000;
    expect(secret.matches(digestOf('first'))).toBe(false);
    expect(secret.matches(digestOf('second'))).toBe(true);
  });

  it('ages also where nobody shows the new one', () => {
    const secret = open();
    replace('second');
    now = 1000;
    expect(secret.matches(digestOf('first'))).toBe(true);
    now = 61_000;
    expect(secret.matches(digestOf('first'))).toBe(false);
  });

  it('follows symbolic links, as Kubernetes mounts secrets', () => {
    const link = join(folder, '..data');
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'token'), `of-${version}`);
    }
    symlinkSync('v1', link);
    path = join(link, 'token');
    const secret = open();
    expect(secret.matches(digestOf('of-v1'))).toBe(true);
    symlinkSync('v2', `${link}.new`);
    renameSync(`${link}.new`, link);
    expect(secret.matches(digestOf('of-v2'))).toBe(true);
  });

  it('stays as it was where the new version is of no use, says so once, and takes the next good one', () => {
    const secret = open();
    replace('');
    for (let look = 0; look < 3; look++) expect(secret.matches(digestOf(''))).toBe(false);
    expect(secret.matches(digestOf('first'))).toBe(true);
    expect(reports).toEqual([expect.stringContaining('must not be empty')]);
    rmSync(path);
    expect(secret.matches(digestOf('first'))).toBe(true);
    expect(secret.matches(digestOf('other'))).toBe(false);
    expect(reports).toHaveLength(2);
    writeFileSync(path, 'third');
    expect(secret.matches(digestOf('third'))).toBe(true);
  });
});
