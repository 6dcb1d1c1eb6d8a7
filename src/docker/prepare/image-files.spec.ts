import { describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { digestOfFiles } from './image-files.js';

type Entry = { name: string } & Record<string, unknown>;

async function archive(...entries: [Entry, string?][]): Promise<Buffer> {
  const packed = pack();
  for (const [header, content] of entries) packed.entry(header, content ?? '');
  packed.finalize();
  return buffer(packed);
}

const digest = async (...entries: [Entry, string?][]): Promise<string | undefined> =>
  digestOfFiles(await archive(...entries));

describe('digestOfFiles', () => {
  const file = { name: 'srv/a', mode: 0o644, mtime: new Date(0) };

  it('is the same whatever the times, the order and the folders are', async () => {
    const one = await digest([{ name: 'srv/', type: 'directory' }], [file, 'a'], [{ ...file, name: 'srv/b' }, 'b']);
    const other = await digest([{ ...file, name: 'srv/b' }, 'b'], [{ ...file, mtime: new Date(1e12) }, 'a']);
    expect(one).toBeDefined();
    expect(other).toBe(one);
  });

  it.each<[string, Entry, string?]>([
    ['another content', file, 'b'],
    ['another name', { ...file, name: 'srv/c' }, 'a'],
    ['another mode', { ...file, mode: 0o755 }, 'a'],
    ['another owner', { ...file, uid: 1000 }, 'a'],
    ['a link', { ...file, type: 'symlink', linkname: 'x' }, ''],
    ['a name too long for a plain header', { ...file, name: `srv/${'x'.repeat(300)}` }, 'a'],
  ])('differs for %s', async (_, header, content) => {
    expect(await digest([header, content])).not.toBe(await digest([file, 'a']));
  });

  it('tells long names apart', async () => {
    const long = 'x'.repeat(300);
    expect(await digest([{ ...file, name: `${long}a` }, 'a'])).not.toBe(
      await digest([{ ...file, name: `${long}b` }, 'a']),
    );
  });

  it('is none where there are no files', async () => {
    expect(await digest([{ name: 'srv/', type: 'directory' }])).toBeUndefined();
    expect(await digestOfFiles(Buffer.alloc(0))).toBeUndefined();
  });

  it('refuses an archive that is cut off', async () => {
    const whole = await archive([file, 'x'.repeat(2000)]);
    await expect(digestOfFiles(whole.subarray(0, 1024))).rejects.toThrow('Unexpected end of data');
  });
});
