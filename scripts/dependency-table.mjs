// Writes docs/dependencies.md: each package in the bundle with its licence, and when it was last published. Asks the npm registry.
// Usage: npm run dependency-table
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const atOnce = 8;
const { components } = JSON.parse(readFileSync('bundle/sbom.cdx.json', 'utf8'));
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const packages = components.filter(({ purl }) => purl.startsWith('pkg:npm/'));

const rows = [];
for (let at = 0; at < packages.length; at += atOnce)
  rows.push(...(await Promise.all(packages.slice(at, at + atOnce).map(row))));

const direct = rows.filter(({ isDirect }) => isDirect);
const indirect = rows.filter(({ isDirect }) => !isDirect);
writeFileSync(
  'docs/dependencies.md',
  `# Dependencies

The image contains Node, the libraries that Node links, CA certificates and one bundle. The bundle has code of ${rows.length} npm packages.
\`npm run dependency-table\` writes this page from the bundle's bill of materials. In the image that file is \`/app/sbom.cdx.json\` (CycloneDX).

Some packages of dockerode's serve engines over SSH and builds by BuildKit. The service does neither.
\`package.json\` replaces \`ssh2\`, \`protobufjs\`, \`@grpc/grpc-js\` and \`@grpc/proto-loader\` with an empty package.

## Packages that the service imports

${table(direct)}

## Packages that those import

${table(indirect)}
`,
);

/** What the registry says of one package. */
async function row({ name, version, licenses: [{ expression }] }) {
  const { stdout } = await run('npm', ['view', name, 'time', 'dist-tags', '--json'], { maxBuffer: 64 * 1024 * 1024 });
  const { time, 'dist-tags': tags } = JSON.parse(stdout);
  const isDirect = name in dependencies;
  return { name, version, license: expression, newest: tags.latest, day: time[tags.latest].slice(0, 10), isDirect };
}

function table(all) {
  const cells = all.map(({ name, version, license, newest, day }) => [`\`${name}\``, version, license, newest, day]);
  const header = ['package', 'version', 'licence', 'newest release', 'published'];
  const widths = header.map((title, column) => Math.max(...[header, ...cells].map((cell) => cell[column].length)));
  const line = (cell) => `| ${cell.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}
