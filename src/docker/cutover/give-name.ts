import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import { startContainer } from '../engine/start.js';
import { stopContainer } from './stop.js';
import { nameOf } from '../engine/container.js';

/**
 * Gives an old container its name back. On a Swarm node the rename of a running container breaks the engine's DNS
 * (moby/moby#42351): there it stops for that moment, once the name is known to be free.
 * @throws where somebody else has the name: the container is left as it is
 */
export async function giveName(engine: Engine, container: ContainerInspect, name: string): Promise<void> {
  const { Id, State } = container;
  if (!State.Running || !(await isInSwarm(engine))) {
    await engine.renameContainer(Id, name);
    return;
  }
  const owner = await find(engine, name);
  if (owner && nameOf(owner) === name) throw new Error(`the container ${owner.Id.slice(0, 12)} has it`);
  await stopContainer(engine, container, 'rollback');
  try {
    await engine.renameContainer(Id, name);
  } finally {
    await startContainer(engine, Id);
  }
}

async function isInSwarm(engine: Engine): Promise<boolean> {
  const { Swarm } = await engine.info();
  return !['', 'inactive', undefined].includes(Swarm?.LocalNodeState);
}
