import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { install, isInstalled, Unavailable } from './packages.js';

/** Raised when the packages below change, so that nobody goes on with a root that lacks one. */
const recipe = 'debian-sid-1';
const packages = [
  'docker.io',
  'docker-cli',
  'docker-compose',
  'docker-buildx',
  'iptables',
  'iproute2',
  'ca-certificates',
];
const buildsWithinMs = 8 * 60_000;

/**
 * A Debian sid in a folder, with the newest Docker Engine and Compose that Debian has: made once for each user, by the
 * machine's own mirror, and never written to afterwards. Delete the folder to get a newer one.
 * @throws Unavailable where it cannot be made
 */
export async function debianRoot(): Promise<string> {
  const cache = join(homedir(), '.cache', 'trigger-docker-pull');
  const present = (): string | undefined =>
    listed(cache)
      .filter((name) => name.startsWith(`${recipe}-docker-`))
      .sort()
      .map((name) => join(cache, name))
      .at(-1);
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Unavailable('only root on Linux can run a second Docker Engine beside the first');
  const found = present();
  if (found) return found;
  if (!isInstalled('apt-get')) throw new Unavailable('a second Docker Engine is taken from Debian, by its apt-get');
  if (!isInstalled('debootstrap')) install(['debootstrap'], ['debootstrap']);
  const mirror = debianMirror();
  mkdirSync(cache, { recursive: true });
  console.log(`Making a Debian root with the newest Docker Engine in ${cache} (debootstrap) …`);
  const output = await build(cache, mirror);
  const made = present();
  if (!made) throw new Unavailable(`debootstrap could not make a Debian root from ${mirror}:\n${output}`);
  return made;
}

/**
 * Its name says that it is complete, and which engine it has. Several runs at once wait for one: the lock ends with its
 * process, however that ends.
 */
const script = `
  set -e
  cache=$1 recipe=$2 mirror=$3 packages=$4
  ls "$cache" | grep -q "^$recipe-docker-" && exit
  rm -rf "$cache/$recipe-unfinished"
  debootstrap --variant=minbase --include="$packages" sid "$cache/$recipe-unfinished" "$mirror"
  rm -rf "$cache/$recipe-unfinished"/var/cache/apt "$cache/$recipe-unfinished"/var/lib/apt/lists
  version=$(chroot "$cache/$recipe-unfinished" dockerd --version | sed -E 's/^Docker version ([0-9.]+).*/\\1/')
  mv "$cache/$recipe-unfinished" "$cache/$recipe-docker-$version"
`;

/** @returns the last lines of its output */
async function build(cache: string, mirror: string): Promise<string> {
  const child = spawn(
    'flock',
    [join(cache, `${recipe}.lock`), 'sh', '-c', script, 'sh', cache, recipe, mirror, packages.join(',')],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...proxyOfApt() },
      timeout: buildsWithinMs,
    },
  );
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => lines.push(...data.toString().split('\n')));
  await once(child, 'close');
  return lines.slice(-12).join('\n');
}

/** The mirror that this machine's apt is set to. */
function debianMirror(): string {
  const format = '$(LABEL) $(COMPONENT) $(REPO_URI)';
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const mirror = stdout.split('\n').find((line) => line.startsWith('Debian main '));
  if (!mirror)
    throw new Unavailable('the configuration of apt names no Debian mirror, or apt-get update was never run');
  return mirror.slice('Debian main '.length);
}

/** debootstrap fetches by itself, and does not read apt's configuration. */
function proxyOfApt(): Record<string, string> {
  const { stdout } = spawnSync('apt-config', ['dump', '--format', '%v%n', 'Acquire::http::Proxy'], {
    encoding: 'utf8',
  });
  const proxy = stdout.split('\n').find((line) => line !== '');
  return proxy ? { http_proxy: proxy } : {};
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
