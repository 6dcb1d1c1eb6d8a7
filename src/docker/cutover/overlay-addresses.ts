import type { Engine } from '../engine/engine.js';
import type { Member } from './member.js';
import { userAddresses } from '../recreate/fields/networks.js';
import { find } from '../engine/find.js';

/**
 * Gives the replacement of a container that has just stopped the addresses that the user set on overlay networks. While it
 * ran, the engine showed the ones that it had given out in the same place; those are gone now (seen on Docker Engine 20.10
 * to 29). Sent along with the create request, an address that was given out would keep the replacement from starting.
 */
export async function carryOverlayAddresses(engine: Engine, { pair, undecided }: Member): Promise<void> {
  if (!pair.wasRunning || undecided.length === 0) return;
  const old = await find(engine, pair.oldId);
  // Somebody removed it: nothing shows what was set.
  if (!old) return;
  for (const { network, endpoint } of undecided) {
    const IPAMConfig = userAddresses(old.NetworkSettings.Networks?.[network]?.IPAMConfig);
    if (!IPAMConfig) continue;
    await engine.disconnectNetwork(network, pair.newId);
    await engine.connectNetwork(network, pair.newId, { ...endpoint, IPAMConfig });
  }
}
