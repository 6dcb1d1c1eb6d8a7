import { describe, expect, it } from '@jest/globals';
import { extract, pack } from 'tar-stream';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { writtenPaths, archiveAt, mayHaveInjectedFiles, originOf } from './injected-files.js';
import { buffer } from 'node:stream/consumers';

const container = containerInspect({
  Created: '2026-01-01T00:00:10.5Z',
  State: { StartedAt: '2026-01-01T00:00:12.4Z', FinishedAt: '0001-01-01T00:00:00Z' },
});
/** Started again an hour later, after a minute in which it did not run. */
const restarted = containerInspect({
  Created: '2026-01-01T00:00:10.5Z',
  State: { StartedAt: '2026-01-01T01:00:12.4Z', FinishedAt: '2026-01-01T00:59:12.4Z' },
});

describe('nicholas-fedor/watchtower#2378: files that Compose copied into a container', () => {
  it('are looked for in containers of Compose alone', () => {
    expect(mayHaveInjectedFiles(container)).toBe(false);
    const Labels = { 'com.docker.compose.container-number': '1' };
    expect(mayHaveInjectedFiles(containerInspect({ Config: { Labels } }))).toBe(true);
  });

  it('are among what was added or changed, folders apart, nearest to the root first', () => {
    const changes = [
      { Path: '/etc', Kind: 0 },
      { Path: '/etc/app', Kind: 1 },
      { Path: '/etc/app/app.conf', Kind: 1 },
      { Path: '/etc/passwd', Kind: 0 },
      { Path: '/gone', Kind: 2 },
      { Path: '/top.conf', Kind: 1 },
    ];
    expect(writtenPaths(changes)).toEqual(['/top.conf', '/etc/passwd', '/etc/app/app.conf']);
  });

  it.each([
    ['one that Compose copied', { mtime: '2026-01-01T00:00:11Z' }, 'compose'],
    ['one with a mode of its own', { mtime: '2026-01-01T00:00:11Z', mode: 0o440 }, 'compose'],
    ['one whose time was rounded up past the start', { mtime: '2026-01-01T00:00:13Z' }, 'compose'],
    ['one whose time was cut before the creation', { mtime: '2026-01-01T01:00:10+01:00' }, 'compose'],
    ['one of the second of the start', { mtime: '2026-01-01T00:00:12Z' }, 'compose'],
    ['one of the second of the start, with another mode', { mtime: '2026-01-01T00:00:12Z', mode: 0o644 }, 'likely'],
    ['one that the application wrote', { mtime: '2026-01-01T00:00:12.398271Z' }, 'container'],
    ['one that the application wrote at a whole millisecond', { mtime: '2026-01-01T00:00:12.000000001Z' }, 'container'],
    ['one that was unpacked from elsewhere', { mtime: '2025-06-01T00:00:00Z' }, 'container'],
    ['one that came later', { mtime: '2026-01-01T00:10:00Z' }, 'container'],
    ['a folder', { mtime: '2026-01-01T00:00:11Z', mode: 0x800001ed }, 'container'],
    ['a link', { mtime: '2026-01-01T00:00:11Z', mode: 0x080001ff }, 'container'],
  ])('are told by their time: %s', (_, stat, expected) => {
    expect(originOf('/app.conf', { name: 'x', size: 1, mode: 0o444, ...stat }, container)).toBe(expected);
  });

  it.each([
    ['written before the container ended', '/app.conf', { mtime: '2026-01-01T00:00:11Z' }, 'likely'],
    ['that, with another mode', '/app.conf', { mtime: '2026-01-01T00:00:11Z', mode: 0o644 }, 'likely'],
    ['five seconds after the creation', '/app.conf', { mtime: '2026-01-01T00:00:15Z', mode: 0o640 }, 'likely'],
    ['later than that', '/app.conf', { mtime: '2026-01-01T00:00:16Z', mode: 0o640 }, 'unclear'],
    ['that, as a secret', '/run/secrets/key', { mtime: '2026-01-01T00:00:11Z', mode: 0o400 }, 'likely'],
    ['written while it ran', '/app.conf', { mtime: '2026-01-01T00:30:00Z', mode: 0o644 }, 'unclear'],
    ['written while it did not run', '/app.conf', { mtime: '2026-01-01T01:00:00Z', mode: 0o640 }, 'compose'],
    ['of the second of the start', '/app.conf', { mtime: '2026-01-01T01:00:12Z', mode: 0o644 }, 'unclear'],
    ['of the second of the end', '/app.conf', { mtime: '2026-01-01T00:59:13Z', mode: 0o644 }, 'unclear'],
  ])('are less certain where it was started again: %s', (_, path, stat, expected) => {
    expect(originOf(path, { name: 'x', size: 1, mode: 0o444, ...stat }, restarted)).toBe(expected);
  });

  it('keep content, mode and owner under their whole path, with a new time', async () => {
    const archive = pack();
    archive.entry({ name: 'app.conf', mode: 0o440, uid: 1000, gid: 1001, mtime: new Date(0) }, 'content');
    archive.finalize();
    const moved = await archiveAt(await buffer(archive), '/etc/app/app.conf', 1_700_000_000);
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

  it('are renamed to paths that a plain header has no room for', async () => {
    const archive = pack();
    archive.entry({ name: 'x' }, 'content');
    archive.finalize();
    const moved = await archiveAt(await buffer(archive), `/${'x'.repeat(300)}`, 0);
    const reader = extract();
    reader.end(moved);
    const names: string[] = [];
    for await (const entry of reader) {
      names.push(entry.header.name);
      entry.resume();
    }
    expect(names).toEqual(['x'.repeat(300)]);
  });

  it('are no links', async () => {
    const archive = pack();
    archive.entry({ name: 'x', type: 'symlink', linkname: 'y' });
    archive.finalize();
    expect(await archiveAt(await buffer(archive), '/x', 0)).toBeUndefined();
  });
});
