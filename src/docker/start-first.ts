import { setTimeout } from 'node:timers/promises';
import type { ContainerSpec } from './container-spec.js';
import type { Engine } from './engine.js';
import type { ContainerInspect, EndpointSettings } from './engine-types.js';
import type { Member } from './member.js';
import type { Drain } from './outcome.js';
import { revivesStopped } from './pair.js';
import { prove } from './proof.js';
import { noRestart, setRestartPolicy } from './restart-policy.js';
import { stopContainer } from './stop.js';
import { assertUnchanged } from './swap.js';
import { parkedName } from './temporary-names.js';

/** How long a replacement must run on after it got its names. */
const settledAgainMs = 1000;

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
 * Lets the old container serve on for a while, for those who still have its address, and stops it. Where the service
 * stops meanwhile, the next recovery does the rest.
 */
export async function drainOld(engine: Engine, { old, pair, options }: Member, drain: Drain): Promise<void> {
  await setTimeout(options.drainMs, undefined, { signal: drain.begun }).catch(() => undefined);
  if (revivesStopped(pair.restartPolicy)) await setRestartPolicy(engine, pair.oldId, noRestart);
  await stopContainer(engine, old, 'commit', { drain });
}
