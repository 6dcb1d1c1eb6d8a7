import { setTimeout } from 'node:timers/promises';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import { labels } from '../update/labels.js';
import { UpdateError } from '../update/outcome.js';
import type { ProofPolicy } from '../rules/proof-policy.js';
import { isEndedFromOutside } from './outside-stop.js';
import { isRemoved, type Proved } from './proved.js';
import type { Drain } from '../engine/shutdown-signals.js';

const pollMs = 200;
const looksForExitCode = 10;
/** What depends on a container that fails may fail sooner: for so long it waits for the one that is to blame. */
const blameMs = 1500;

export type ProofVerdict =
  | 'proven'
  | 'waiting'
  | { code: 'exited' | 'restarting' | 'unhealthy' | 'proof_timeout'; message: string; exitCode?: number };

/**
 * Judges one look at a container that was started `elapsedMs` ago.
 * @param startedAt its `State.StartedAt` when it was seen first: another one later means that it was restarted
 * @param sinceRestartMs the same since its last start, if it may restart within its proof
 */
export function judge(
  { State, RestartCount }: Pick<ContainerInspect, 'State' | 'RestartCount'>,
  policy: ProofPolicy,
  startedAt: string,
  elapsedMs: number,
  sinceRestartMs = elapsedMs,
): ProofVerdict {
  // Its start is enough, and it has done its work.
  if (policy.mode === 'none' && (State.Restarting || !State.Running) && State.ExitCode === 0) return 'proven';
  const hasRestarted = State.Restarting || (State.Running && State.StartedAt !== startedAt);
  const restarts = Math.max(RestartCount, hasRestarted ? 1 : 0);
  const timeIsUp = elapsedMs >= policy.timeoutMs;
  if (restarts > policy.restarts) {
    return {
      code: 'restarting',
      message: `it stopped and was restarted by its restart policy; if that is by design, allow it with the label ${labels.proofRestarts}=${restarts}`,
      // Of one that runs again the engine does not know it any more.
      exitCode: State.Restarting ? State.ExitCode : undefined,
    };
  }
  if (State.Restarting || (restarts > 0 && timeIsUp))
    return timeIsUp
      ? { code: 'proof_timeout', message: `it restarted and did not prove itself within ${seconds(policy.timeoutMs)}` }
      : 'waiting';
  if (!State.Running)
    return {
      code: 'exited',
      message: `it exited with code ${State.ExitCode}${State.OOMKilled ? ' (out of memory)' : ''}`,
    };
  if (policy.mode === 'none') return 'proven';
  if (policy.mode === 'running') return sinceRestartMs >= policy.settleMs ? 'proven' : 'waiting';
  const health = State.Health?.Status;
  if (health === 'healthy') return 'proven';
  if (health === 'unhealthy' && (timeIsUp || sinceRestartMs >= policy.unhealthyAfterMs)) {
    return {
      code: 'unhealthy',
      message: `its HEALTHCHECK says unhealthy after ${seconds(sinceRestartMs)}; if it needs more time, give it a start period (--health-start-period), or the label ${labels.unhealthyGrace} (UNHEALTHY_GRACE for all)`,
    };
  }
  if (timeIsUp)
    return {
      code: 'proof_timeout',
      message: `it was not healthy within ${seconds(policy.timeoutMs)}; if it needs more time, give it the label ${labels.timeout} (PROOF_TIMEOUT for all)`,
    };
  return 'waiting';
}

/** Of a crash loop the engine knows it only between two starts: worth a moment, for it is what people ask for first. */
async function lastExitCode(engine: Engine, containerId: string): Promise<number | undefined> {
  for (let look = 0; look < looksForExitCode; look++) {
    const { State } = await engine.inspectContainer(containerId);
    if (State.Restarting || !State.Running) return State.ExitCode;
    await setTimeout(pollMs / 2);
  }
  return undefined;
}

/**
 * Waits until a started container has proved itself.
 * @throws UpdateError with the stage `prove` where it fails, or where the service stops first (`interrupted`)
 */
export async function prove(
  engine: Engine,
  containerId: string,
  policy: ProofPolicy,
  drain?: Drain,
): Promise<ContainerInspect> {
  const began = performance.now();
  let startedAt: string | undefined;
  let last = { startedAt: '', seenAt: began };
  let vanishes = true;
  for (;;) {
    const container = await find(engine, containerId);
    vanishes = container?.HostConfig.AutoRemove ?? vanishes;
    if (!vanishes && isRemoved(container)) throw byOthers('removed');
    if (!container)
      throw new UpdateError(
        'exited',
        'prove',
        'the new container failed its proof: it is gone, having ended though run with --rm, or removed by somebody',
      );
    startedAt ??= container.State.StartedAt;
    if (container.State.StartedAt !== last.startedAt)
      last = { startedAt: container.State.StartedAt, seenAt: last.startedAt === '' ? began : performance.now() };
    // Our own clock from our first look: the engine's may be another machine's, and differ.
    const now = performance.now();
    const verdict = judge(container, policy, startedAt, now - began, now - last.seenAt);
    if (verdict === 'proven') return container;
    if (verdict !== 'waiting' && (verdict.code === 'restarting' || verdict.code === 'exited')) {
      const isOutside = await isEndedFromOutside(engine, container, 0);
      if (verdict.code === 'restarting' && isOutside) throw byOthers('restarted', { containerId });
      if (verdict.code === 'restarting') verdict.exitCode ??= await lastExitCode(engine, containerId);
      else if (isOutside || wasStopped(container))
        throw byOthers('stopped', { exitCode: container.State.ExitCode, containerId });
    }
    if (verdict !== 'waiting')
      throw new UpdateError(verdict.code, 'prove', `the new container failed its proof: ${verdict.message}`, {
        ...verdict,
        containerId,
      });
    if (drain?.nearlyOver.aborted)
      throw new UpdateError('interrupted', 'prove', 'the service stops; the next start goes on with the proof');
    await setTimeout(pollMs, undefined, { signal: drain?.nearlyOver }).catch(() => undefined);
  }
}

/** The image is not to blame. */
function byOthers(
  what: 'removed' | 'stopped' | 'restarted',
  details?: { exitCode?: number; containerId: string },
): UpdateError {
  return new UpdateError(
    'container_changed',
    'prove',
    `the new container was ${what} by somebody else during its proof; notify again`,
    details,
  );
}

/**
 * Waits until all have proved themselves, each of them given after what it depends on.
 * @throws what the foremost of those that failed was refused for; the others are not waited for
 */
export async function proveAll(
  engine: Engine,
  subjects: readonly { containerId: string; policy: ProofPolicy }[],
  drain: Drain,
): Promise<(Proved & { container: ContainerInspect })[]> {
  const decided = new AbortController();
  const failures: unknown[] = [];
  const either = { ...drain, nearlyOver: AbortSignal.any([drain.nearlyOver, decided.signal]) };
  const proofs = subjects.map(({ containerId, policy }, index) =>
    prove(engine, containerId, policy, either)
      .then((container) => ({ container, policy }))
      .catch(async (error: unknown) => {
        if (decided.signal.aborted) return undefined;
        failures[index] = error;
        if (index > 0) await setTimeout(blameMs);
        decided.abort();
        return undefined;
      }),
  );
  const proved = await Promise.all(proofs);
  const failure: unknown = failures.find((found) => found !== undefined);
  if (decided.signal.aborted) throw failure;
  return proved.filter((each) => each !== undefined);
}

/** The engine restarts a container with these policies whenever it ends, unless somebody has stopped or killed it. */
function wasStopped({ HostConfig: { RestartPolicy } }: Pick<ContainerInspect, 'HostConfig'>): boolean {
  return RestartPolicy?.Name === 'always' || RestartPolicy?.Name === 'unless-stopped';
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
