import { describe, expect, it } from '@jest/globals';
import { extract, pack } from 'tar-stream';
import { containerInspect } from '../../test/support/containers.js';
import { addedPaths, archiveAt, mayHaveInjectedFiles, wasInjected } from './injected-files.js';
import { buffer } from 'node:stream/consumers';

const container = containerInspect({
  Created: '2026-01-01T00:00:10.5Z',
  State: { StartedAt: '2026-01-01T00:00:12.4Z' },
});

describe('nicholas-fedor/watchtower#2378: files that Compose copied into a container', () => {
  it('are looked for in containers of Compose alone', () => {
    expect(mayHaveInjectedFiles(container)).toBe(false);
    const Labels = { 'com.docker.compose.container-number': '1' };
    expect(mayHaveInjectedFiles(containerInspect({ Config: { Labels } }))).toBe(true);
  });

  it('are among what was added, folders apart, nearest to the root first', () => {
    const changes = [
      { Path: '/etc', Kind: 0 },
      { Path: '/etc/app', Kind: 1 },
      { Path: '/etc/app/app.conf', Kind: 1 },
      { Path: '/etc/passwd', Kind: 0 },
      { Path: '/gone', Kind: 2 },
      { Path: '/top.conf', Kind: 1 },
    ];
    expect(addedPaths(changes)).toEqual(['/top.conf', '/etc/app/app.conf']);
  });

  it.each([
    ['one that Compose copied', { mtime: '2026-01-01T00:00:11Z' }, true],
    ['one whose time was rounded up past the start', { mtime: '2026-01-01T00:00:13Z' }, true],
    ['one whose time was cut before the creation', { mtime: '2026-01-01T01:00:10+01:00' }, true],
    ['one that the application wrote', { mtime: '2026-01-01T00:00:12.398271Z' }, false],
    ['one that the application wrote at a whole millisecond', { mtime: '2026-01-01T00:00:12.000000001Z' }, false],
    ['one that was unpacked from elsewhere', { mtime: '2025-06-01T00:00:00Z' }, false],
    ['one that came later', { mtime: '2026-01-01T00:10:00Z' }, false],
    ['a folder', { mtime: '2026-01-01T00:00:11Z', mode: 0x800001ed }, false],
    ['a link', { mtime: '2026-01-01T00:00:11Z', mode: 0x080001ff }, false],
  ])('are told by their time: %s', (_, stat, expected) => {
    expect(wasInjected({ name: 'x', size: 1, mode: 0o444, ...stat }, container)).toBe(expected);
  });

  it('keep content, mode and owner under their whole path, with a new time', async () => {
    const archive = pack();
    archive.entry({ name: 'app.conf', mode: 0o440, uid: 1000, gid: 1001, mtime: new Date(0) }, 'content');
    archive.finalize();
    const moved = archiveAt(await buffer(archive), '/etc/app/app.conf', 1_700_000_000);
    const entries: unknown[] = [];
    const reader = extract();
    reader.end(moved);
    for await (const entry of reader) {
      const { name, mode, uid, gid, mtime } = entry.header;
      entries.push({ name, mode, uid, gid, mtime, content: (await buffer(entry)).toString() });
    }
    const mtime = new Date(1_700_000_000_000);
    expect(entries).toEqual([
      { name: 'etc/app/app.conf', mode: 0o440, uid: 1000, gid: 1001, mtime, content: 'content' },
    ]);
  });

  it('cannot be renamed where the path does not fit', async () => {
    const archive = pack();
    archive.entry({ name: 'x' }, 'content');
    archive.finalize();
    expect(archiveAt(await buffer(archive), `/${'x'.repeat(101)}`, 0)).toBeUndefined();
  });
});
