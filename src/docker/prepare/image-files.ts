import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';

/**
 * A digest of the files in a tar archive: names, kinds, modes, owners, links and contents, and not their times. Folders do
 * not count. Pure.
 * @returns undefined where there is none
 * @throws Error where it is no whole archive
 */
export async function digestOfFiles(archive: Buffer): Promise<string | undefined> {
  const files: string[] = [];
  const entries = extract();
  entries.end(archive);
  for await (const entry of entries) {
    const { name, type, mode, uid, gid, linkname } = entry.header;
    const content = await buffer(entry);
    if (type !== 'directory') files.push(JSON.stringify([name, type, mode, uid, gid, linkname, hash(content)]));
  }
  return files.length > 0 ? hash(files.sort().join('\n')) : undefined;
}

function hash(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
