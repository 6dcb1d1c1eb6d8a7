// Makes docs/update-stages.svg of docs/update-stages.txt. Usage: node scripts/diagram.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const rowHeight = 44;
const colours = { old: '#2f6f4f', none: '#b3402a', new: '#2a5db0' };
const words = { old: 'old one serves', none: 'nobody serves', new: 'new one serves' };

/** @param {string} text lines of `stage | old, none or new | what happens` */
export function diagram(text) {
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const height = rows.length * rowHeight + 20;
  const escape = (cell) => cell.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const drawn = rows.map(([stage, serves, what], index) => {
    const y = 10 + index * rowHeight;
    const isBranch = stage === 'rollback';
    const arrow =
      index === 0 || isBranch
        ? ''
        : `<path d="M100 ${y - 10}v8m-4-5l4 5 4-5" fill="none" stroke="#888" stroke-width="1.5"/>`;
    return [
      arrow,
      `<rect x="20" y="${y}" width="160" height="32" rx="6" fill="${colours[serves]}"${isBranch ? ' stroke="#b3402a" stroke-width="3" stroke-dasharray="5 3"' : ''}/>`,
      `<text x="100" y="${y + 21}" text-anchor="middle" fill="#fff" font-weight="bold">${escape(stage)}</text>`,
      `<text x="200" y="${y + 21}" fill="${colours[serves]}">${words[serves]}</text>`,
      `<text x="320" y="${y + 21}" fill="currentColor">${escape(what)}</text>`,
    ].join('');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" width="760" height="${height}" font-family="sans-serif" font-size="13" color="#555" role="img" aria-label="The stages of an update">\n${drawn.join('\n')}\n</svg>\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync('docs/update-stages.svg', diagram(readFileSync('docs/update-stages.txt', 'utf8')));
