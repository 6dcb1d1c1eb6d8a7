import { composeDependencies, composeMemberOf, type ComposeMember } from '../engine/compose-labels.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { parseTemporaryName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';

/**
 * The container that took the place of one that is gone: the one of the same Compose service or of the same name. Undefined unless
 * that is certain, because a wrong one would put the dependent on a network that it must not be on. Pure.
 * @param dependent the container that lives in a namespace of the one that is gone
 * @param gone attributes of the event of its removal: its `name` and labels; undefined if the engine has forgotten it
 * @param all every container of the engine
 */
export function successorOf(
  dependent: ContainerInspect,
  gone: Readonly<Record<string, string>> | undefined,
  all: readonly ContainerInspect[],
): ContainerInspect | undefined {
  const others = all.filter(({ Id }) => Id !== dependent.Id);
  if (!gone) return ofComposeAlone(dependent, others);
  const member = composeMemberOf(gone);
  const same = member && onlyOne(others.filter((other) => isSame(other, member)));
  return same ?? ofName(gone.name, others);
}

function ofName(name: string | undefined, others: readonly ContainerInspect[]): ContainerInspect | undefined {
  // An update removes the old container under the name that it was parked with.
  const wanted = name === undefined ? undefined : (parseTemporaryName(name)?.name ?? name);
  return others.find((other) => nameOf(other) === wanted);
}

/**
 * The engine shows the namespace's owner as an id, so that nothing names a dead one. What Compose wrote does: it depends on the owner's
 * service, with `restart`, and an owner that followed the dead one is younger than the dependent.
 */
function ofComposeAlone(
  dependent: ContainerInspect,
  others: readonly ContainerInspect[],
): ContainerInspect | undefined {
  const own = composeMemberOf(dependent.Config.Labels);
  const services = composeDependencies(dependent).filter(({ restart }) => restart);
  const [needed] = services;
  if (!own || !needed || services.length > 1) return undefined;
  const owner = onlyOne(
    others.filter((other) => {
      const member = composeMemberOf(other.Config.Labels);
      return member?.project === own.project && member.service === needed.service && !member.isOneOff;
    }),
  );
  return owner && Date.parse(owner.Created) > Date.parse(dependent.Created) ? owner : undefined;
}

function isSame({ Config }: ContainerInspect, { project, service, number, isOneOff }: ComposeMember): boolean {
  const member = composeMemberOf(Config.Labels);
  return (
    member?.project === project &&
    member.service === service &&
    member.number === number &&
    member.isOneOff === isOneOff
  );
}

function onlyOne(containers: readonly ContainerInspect[]): ContainerInspect | undefined {
  return containers.length === 1 ? containers[0] : undefined;
}
