// What `npm run test:cov` prints.
import { dirname, relative, sep } from 'node:path';

/**
 * Sums up the coverage of files by the room that they live in.
 * @param summary Istanbul's: `{ [absolute path]: { lines, branches: { covered, total } } }`, and `total`
 * @param root absolute path to the repository
 * @returns a table, one line a room, with the whole as its last line
 */
export function coverageTable(summary, root) {
  const rooms = new Map();
  for (const [file, counts] of Object.entries(summary)) {
    const room = file === 'total' ? 'all' : roomOf(relative(root, file));
    rooms.set(room, [...(rooms.get(room) ?? []), counts]);
  }
  const all = rooms.get('all') ?? [];
  rooms.delete('all');
  const rows = [...[...rooms].sort(([one], [other]) => one.localeCompare(other)), ['all', all]];
  return [
    row('room', 'lines', 'branches'),
    ...rows.map(([room, files]) => row(room, percent(files, 'lines'), percent(files, 'branches'))),
  ].join('\n');
}

/** `src/auth`, `src/docker/rules`: what `.dependency-cruiser.cjs` calls a room. */
function roomOf(file) {
  const folders = dirname(file).split(sep);
  return folders.slice(0, folders[1] === 'docker' ? 3 : 2).join('/');
}

function percent(files, kind) {
  const covered = files.reduce((sum, counts) => sum + counts[kind].covered, 0);
  const total = files.reduce((sum, counts) => sum + counts[kind].total, 0);
  return total === 0 ? '–' : `${((100 * covered) / total).toFixed(1)} %`;
}

function row(room, lines, branches) {
  return `${room.padEnd(24)}${lines.padStart(9)}${branches.padStart(10)}`;
}
