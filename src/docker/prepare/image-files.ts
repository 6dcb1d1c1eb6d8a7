import { createHash } from 'node:crypto';

const blockBytes = 512;

/**
 * A digest of the files in a tar archive: names, kinds, modes, owners, links and contents, and not their times. Folders do
 * not count. Pure.
 * @returns undefined where there is none
 * @throws Error where it is no whole archive
 */
export function digestOfFiles(archive: Buffer): string | undefined {
  const files: string[] = [];
  let long: { path?: string; linkpath?: string } = {};
  for (let at = 0; at + blockBytes <= archive.length;) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) break;
    const size = numberAt(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    const end = at + blockBytes + size;
    if (end > archive.length) throw new Error('the archive is cut off');
    const content = archive.subarray(at + blockBytes, end);
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
    if (type === 'x') long = recordsIn(content);
    else if (type === 'L') long.path = textAt(content, 0, content.length);
    else if (type === 'K') long.linkpath = textAt(content, 0, content.length);
    else if (type !== 'g') {
      if (type !== '5') files.push(JSON.stringify([...described(header, type, long), hash(content)]));
      long = {};
    }
  }
  return files.length > 0 ? hash(files.sort().join('\n')) : undefined;
}

function described(header: Buffer, type: string, long: { path?: string; linkpath?: string }): unknown[] {
  const [prefix, name] = [textAt(header, 345, 155), textAt(header, 0, 100)];
  const path = long.path ?? (prefix ? `${prefix}/${name}` : name);
  const [mode, uid, gid] = [numberAt(header, 100, 8), numberAt(header, 108, 8), numberAt(header, 116, 8)];
  return [path, type === '\0' ? '0' : type, mode, uid, gid, long.linkpath ?? textAt(header, 157, 100)];
}

/** Of a PAX header: lines of `length key=value`. */
function recordsIn(content: Buffer): { path?: string; linkpath?: string } {
  const records: Record<string, string> = {};
  for (let at = 0; at < content.length;) {
    const length = parseInt(content.subarray(at, at + 20).toString('latin1'), 10);
    if (!(length > 0)) break;
    const [, key = '', value = ''] = /^\d+ ([^=]*)=([^]*)\n$/.exec(content.subarray(at, at + length).toString()) ?? [];
    records[key] = value;
    at += length;
  }
  return { path: records.path, linkpath: records.linkpath };
}

function textAt(block: Buffer, at: number, length: number): string {
  const text = block.subarray(at, at + length);
  const end = text.indexOf(0);
  return text.subarray(0, end < 0 ? length : end).toString();
}

/** Octal digits, or, where the first bit is set, big-endian bytes (GNU). */
function numberAt(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) === 0) return parseInt(textAt(block, at, length).trim() || '0', 8);
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

function hash(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
