// Prints a version's part of CHANGELOG.md. Usage: node scripts/release-notes.mjs 1.2.3
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** @throws Error where the changelog has no such version */
export function releaseNotes(changelog, version) {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split('\n', 1)[0]?.replace(/[[\]]/g, '').split(' ')[0] === version);
  if (!section) throw new Error(`CHANGELOG.md has no section ${version}`);
  return section.slice(section.indexOf('\n')).trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(releaseNotes(readFileSync('CHANGELOG.md', 'utf8'), process.argv[2] ?? ''));
