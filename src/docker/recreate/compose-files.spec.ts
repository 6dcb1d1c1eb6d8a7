import { afterAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectHasNoConfigs } from './compose-files.js';

const folder = mkdtempSync(join(tmpdir(), 'tdp-compose-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const later = new Date(Date.now() + 60_000).toISOString();
const container = (files: string, Created = later) => ({
  Created,
  Config: { Image: 'app', Labels: { 'com.docker.compose.project.config_files': files } },
});

describe('projectHasNoConfigs', () => {
  it('is true where no file has a word by which a service gets one', async () => {
    const files = [file('a.yaml', 'services: {web: {image: app}}'), file('b.yaml', 'services: {}')];
    expect(await projectHasNoConfigs(container(files.join(',')))).toBe(true);
  });

  it.each(['configs', 'secrets', 'include', 'extends', 'use_api_socket'])('is false where one has %s', async (word) => {
    const files = [file('c.yaml', 'services: {}'), file('d.yaml', `services: {web: {${word}: x}}`)];
    expect(await projectHasNoConfigs(container(files.join(',')))).toBe(false);
  });

  it('is false where it cannot be told', async () => {
    const path = file('e.yaml', 'services: {}');
    expect(await projectHasNoConfigs(container(`${path},${folder}/absent.yaml`))).toBe(false);
    expect(await projectHasNoConfigs(container('-'))).toBe(false);
    expect(await projectHasNoConfigs(container(''))).toBe(false);
    expect(await projectHasNoConfigs(container(path, new Date(Date.now() - 60_000).toISOString()))).toBe(false);
    expect(await projectHasNoConfigs({ Created: later, Config: { Image: 'app' } })).toBe(false);
  });

  it('does not wait for what is no regular file', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const path of [fifo, folder, '/dev/zero']) expect(await projectHasNoConfigs(container(path))).toBe(false);
  });
});
