import { execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Unavailable } from './packages.js';
import { runningProcesses } from './processes.js';
import { until } from './until.js';

const run = promisify(execFile);
const readyWithinMs = 20_000;

/**
 * The root is an overlay, so that what is written there goes with the mount namespace; the folder of the run is at the
 * same path inside and outside, so that a socket there is one. It is the root of the mount namespace itself: from a mere
 * `chroot`, `docker exec` would enter the machine instead of the container. `tail` holds the namespaces as long as it lives: a daemon
 * that is killed finds its network, and its containers, again. What it says of following a folder goes nowhere: it would end by saying
 * it to a parent that no longer listens.
 */
const script = `
  set -e
  debian=$1 run=$2 folder=$3
  mount -t tmpfs tmpfs "$folder/root"
  mkdir "$folder/root/upper" "$folder/root/work" "$folder/root/merged"
  mount -t overlay -o "lowerdir=$debian,upperdir=$folder/root/upper,workdir=$folder/root/work" overlay "$folder/root/merged"
  cd "$folder/root/merged"
  mkdir -p ".$run"
  mount --bind "$run" ".$run"
  mount -t proc proc proc
  mount --rbind /sys sys
  mount --rbind /dev dev
  pivot_root . mnt
  cd /
  umount --lazy /mnt
  ip link set lo up
  exec tail -f /dev/null "$folder" 2>/dev/null
`;

/** Between two networks. What is sent while it is cut is lost without a word. */
export interface Cable {
  cut(): Promise<unknown>;
  mend(): Promise<unknown>;
}

/** A network and a file system of their own on this machine, for daemons that would be in the way of others. */
export class Namespaces {
  private constructor(private readonly pid: number) {}

  /**
   * @param debian the root that is seen inside; it is not written to
   * @param folder of these namespaces, in that of the run
   */
  static async make(debian: string, runFolder: string, folder: string): Promise<Namespaces> {
    mkdirSync(join(folder, 'root'), { recursive: true });
    const child = spawn('unshare', ['--net', '--mount', 'sh', '-c', script, 'sh', debian, runFolder, folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let output = '';
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.unref();
    const made = await until('the namespaces of a second engine', readyWithinMs, () => {
      if (child.exitCode !== null) return 'failed';
      return Namespaces.of(folder);
    });
    if (made === 'failed') throw new Unavailable(`namespaces for a second engine cannot be made: ${output.trim()}`);
    child.stderr.destroy();
    return made;
  }

  /** Those that were made for the folder, also by another process. */
  static of(folder: string): Namespaces | undefined {
    const holder = runningProcesses().find(({ commandLine }) => commandLine === `tail -f /dev/null ${folder}`);
    return holder && new Namespaces(holder.pid);
  }

  /** The command that runs a program of the Debian root in there. */
  inside(program: string, ...args: string[]): [string, string[]] {
    return ['nsenter', [`--target=${this.pid}`, '--net', '--mount', '--root', '--wd', program, ...args]];
  }

  /** The command that runs a program of this machine in there, as far as the network is concerned. */
  inNetwork(program: string, ...args: string[]): [string, string[]] {
    return ['nsenter', [`--target=${this.pid}`, '--net', program, ...args]];
  }

  /**
   * Lays a cable from this network to the one in there. It goes with the network in there.
   * @param here the address of this end, and `there` of the other, with the length of their network's prefix
   */
  async connect(here: string, there: string): Promise<Cable> {
    const [inner, outer] = [`tdp${this.pid}i`, `tdp${this.pid}o`];
    // The program of the root, in the network of this process.
    const ip = (...args: string[]): Promise<unknown> =>
      run('nsenter', [`--target=${this.pid}`, '--mount', '--root', 'ip', ...args]);
    await ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', String(this.pid));
    await ip('address', 'add', here, 'dev', outer);
    await ip('link', 'set', outer, 'up');
    await run(...this.inside('ip', 'address', 'add', there, 'dev', inner));
    await run(...this.inside('ip', 'link', 'set', inner, 'up'));
    return {
      cut: () => ip('link', 'set', outer, 'down'),
      mend: () => ip('link', 'set', outer, 'up'),
    };
  }

  /** What answers at a URL in there. @throws Error where nothing does, or the status is no success */
  async fetchText(url: string): Promise<string> {
    const fetching = `fetch(process.argv[1],{signal:AbortSignal.timeout(5000)}).then(async(r)=>{if(!r.ok)throw r.status;process.stdout.write(await r.text())}).catch(()=>process.exit(1))`;
    const { stdout } = await run(...this.inNetwork(process.execPath, '-e', fetching, url));
    return stdout;
  }
}
