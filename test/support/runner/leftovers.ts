import type Docker from 'dockerode';
import { readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { connect } from '../engine/connect.js';
import { restoreNetworkState, type NetworkState } from '../engine/network-state.js';
import { allGone, runningProcesses, signalAll } from './processes.js';

/** All that a run may leave behind. Plain data: the guardian, a process of its own, is told it as JSON. */
export interface Leftovers {
  /** The prefix of all names that the run gives. */
  runId: string;
  /** Holds all files of the run; the command lines of its daemons name it. */
  folder: string;
  /** DOCKER_HOST of an engine that is not the run's own. */
  sharedEngine?: string;
  /** DOCKER_HOST of the run's own engine. */
  privateEngine?: string;
  networkBefore?: NetworkState;
  /** Process groups that end with the run. */
  groups: number[];
}

const stopsWithinMs = 20_000;

/** Ends and removes all of it, however far its makers came. Nothing that is already gone matters. */
export async function removeLeftovers(left: Leftovers): Promise<void> {
  signalAll(
    left.groups.map((group) => -group),
    'SIGKILL',
  );
  const isOurs = (name: string): boolean => name.includes(left.runId);
  if (left.sharedEngine) {
    const docker = connect(left.sharedEngine);
    await removeObjects(docker, isOurs);
    await removeImages(docker, isOurs);
  }
  // Removed by the engine, containers go at once, and networks take their bridges along.
  if (left.privateEngine) await removeObjects(connect(left.privateEngine), () => true).catch(() => undefined);
  await endDaemons(left.folder);
  unmountAll(left.folder);
  rmSync(left.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  if (left.networkBefore) restoreNetworkState(left.networkBefore);
}

type IsOurs = (name: string) => boolean;

async function removeObjects(docker: Docker, isOurs: IsOurs): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  await each(
    containers.filter(({ Names }) => Names.some(isOurs)),
    ({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }),
  );
  const networks = await docker.listNetworks();
  await each(
    networks.filter(({ Name }) => isOurs(Name)),
    ({ Id }) => docker.getNetwork(Id).remove(),
  );
  const { Volumes } = await docker.listVolumes();
  await each(
    Volumes.filter(({ Name }) => isOurs(Name)),
    ({ Name }) => docker.getVolume(Name).remove(),
  );
}

/**
 * By reference, not by id: another run may have built the very same image. One that lost its tag to the next version
 * still has its digest.
 */
async function removeImages(docker: Docker, isOurs: IsOurs): Promise<void> {
  const images = await docker.listImages();
  const references = images.flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])]);
  await each(references.filter(isOurs), (reference) => docker.getImage(reference).remove({ force: true }));
}

/** Tries each, whatever becomes of the others. */
async function each<T>(objects: T[], remove: (object: T) => Promise<unknown>): Promise<void> {
  await Promise.all(objects.map((object) => remove(object).catch(() => undefined)));
}

async function endDaemons(folder: string): Promise<void> {
  const daemons = (): { pid: number; program: string }[] =>
    runningProcesses().filter(
      ({ program, commandLine }) =>
        // `tail` holds the namespaces of a second engine: see namespaces.ts.
        /^(dockerd|containerd|containerd-shim\S*|docker-registry|tail)$/.test(program) && commandLine.includes(folder),
    );
  const asked = daemons()
    .filter(({ program }) => program === 'dockerd' || program === 'docker-registry')
    .map(({ pid }) => pid);
  signalAll(asked, 'SIGTERM');
  await allGone(asked, stopsWithinMs);
  // After a daemon that was killed, its containers live on as children of their shims.
  const rest = daemons().map(({ pid }) => pid);
  const containers = runningProcesses()
    .filter(({ parentPid }) => rest.includes(parentPid))
    .map(({ pid }) => pid);
  signalAll([...containers, ...rest], 'SIGKILL');
  await allGone([...containers, ...rest], stopsWithinMs);
}

/** A daemon that was killed leaves the file systems of its containers mounted. */
function unmountAll(folder: string): void {
  if (process.platform !== 'linux') return;
  const mounted = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounted.reverse()) spawnSync('umount', ['--lazy', path]);
}
