import { setTimeout } from 'node:timers/promises';
import type { ContainerSpec } from '../recreate/create-request.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect, EndpointSettings } from '../engine/engine-types.js';
import type { Member } from './member.js';
import { UpdateError } from '../update/outcome.js';
import { revivesStopped } from '../update/pair.js';
import { prove } from './proof.js';
import { assertStillProved, type Proved } from './proved.js';
import { noRestart, setRestartPolicy } from './restart-policy.js';
import { stopContainer } from './stop.js';
import { assertUnchanged } from './swap.js';
import { parkedName } from '../update/temporary-names.js';
import type { Drain } from '../engine/shutdown-signals.js';

/** How long a replacement must run on after it got its names. */
const settledAgainMs = 1000;

/** How often the replacement is looked at while the old container drains. */
const drainPollMs = 500;

/** The default bridge has no names, and the others nothing that could be taken away. */
const withoutNames = new Set(['bridge', 'host', 'none']);

/**
 * Takes the names that clients resolve out of the request for a replacement that has not proved itself yet.
 * @returns its networks as they are to be in the end: with the aliases, and with the container's name as one more, so that
 *   it never resolves to nothing while it changes hands
 */
export function holdBackAliases(spec: ContainerSpec, name: string): Member['handOver'] {
  const atCreate = Object.entries(spec.create.NetworkingConfig?.EndpointsConfig ?? {});
  const requests = [...atCreate.map(([network, endpoint]) => ({ network, endpoint })), ...spec.connections];
  spec.create.NetworkingConfig = {
    EndpointsConfig: Object.fromEntries(atCreate.map(([network, endpoint]) => [network, withoutAliases(endpoint)])),
  };
  spec.connections = spec.connections.map(({ network, endpoint }) => ({ network, endpoint: withoutAliases(endpoint) }));
  return requests
    .filter(({ network }) => !withoutNames.has(network))
    .map(({ network, endpoint }) => ({
      network,
      endpoint: { ...endpoint, Aliases: [...new Set([...(endpoint.Aliases ?? []), name])] },
    }));
}

/** The container, without the names that are held back: what its replacement must be like until the hand-over. */
export function nameless(container: ContainerInspect): ContainerInspect {
  const networks = Object.entries(container.NetworkSettings.Networks ?? {});
  const Networks = Object.fromEntries(networks.map(([network, endpoint]) => [network, withoutAliases(endpoint)]));
  return { ...container, NetworkSettings: { ...container.NetworkSettings, Networks } };
}

function withoutAliases({ Aliases: _, ...rest }: EndpointSettings): EndpointSettings {
  return rest;
}

/** The replacement starts beside the old container, without its names, and proves itself. @throws UpdateError */
export async function startBeside(engine: Engine, { pair, policy }: Member, drain: Drain): Promise<ContainerInspect> {
  await engine.startContainer(pair.newId);
  // The old one serves: there is nothing that a stop of the service would have to wait for.
  return prove(engine, pair.newId, policy, { ...drain, nearlyOver: drain.begun });
}

/**
 * Gives the proved replacement the names, while both serve. The engine changes a container's aliases only by taking the
 * network away for a moment: nobody knows the replacement yet, but its own connections on that network break. Then both
 * have the aliases; the name goes over by renaming, which the engine's DNS follows at once.
 */
export async function handOver(engine: Engine, { old, pair, handOver, policy }: Member, drain: Drain): Promise<void> {
  for (const { network, endpoint } of handOver) {
    await engine.disconnectNetwork(network, pair.newId);
    await engine.connectNetwork(network, pair.newId, endpoint);
  }
  if (handOver.length > 0) {
    const settleMs = Math.min(policy.settleMs, settledAgainMs);
    await prove(engine, pair.newId, { ...policy, settleMs }, { ...drain, nearlyOver: drain.begun });
  }
  await assertUnchanged(engine, old);
  await engine.renameContainer(pair.oldId, parkedName(pair.name, pair.oldId));
  await engine.renameContainer(pair.newId, pair.name);
}

/**
 * Lets the old container serve on for a while, for those who still have its address, and stops it. The replacement is
 * watched all the while: the old one never stops beside one that has failed.
 * @throws ProofLapsed where the replacement fails first; UpdateError `interrupted` where the service stops first: the next
 *   recovery does the rest
 */
export async function drainOld(
  engine: Engine,
  { old, pair, options }: Member,
  proved: readonly Proved[],
  drain: Drain,
): Promise<void> {
  const endsAt = performance.now() + options.drainMs;
  for (;;) {
    await assertStillProved(engine, proved, [pair]);
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) break;
    if (drain.nearlyOver.aborted)
      throw new UpdateError('interrupted', 'commit', 'the service stops while the old container drains');
    await setTimeout(Math.min(leftMs, drainPollMs), undefined, { signal: drain.nearlyOver }).catch(() => undefined);
  }
  if (revivesStopped(pair.restartPolicy)) await setRestartPolicy(engine, pair.oldId, noRestart);
  await stopContainer(engine, old, 'commit', { drain });
}
