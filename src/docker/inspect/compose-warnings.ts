import { composeDependencies, composeMemberOf, composeLabels } from '../engine/compose-labels.js';
import type { ContainerInspect, ContainerSummary } from '../engine/engine-types.js';
import { nameOf } from '../engine/container.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import type { Subject } from '../update/subject.js';
import { namespaceModes, ownerOf } from '../engine/namespaces.js';

/**
 * Warnings of what Compose would do after an update, and the service does not, or what Compose does at its next `up`. Pure.
 * @param subjects the target, then the containers that are replaced with it
 * @param present other containers of the engine, with the labels that were set on them: see compose-warnings.finder.ts
 */
export function composeWarnings(
  subjects: readonly Pick<Subject, 'old' | 'oldImage'>[],
  present: readonly ContainerSummary[],
): string[] {
  const members = subjects.map(({ old, oldImage }) => ({
    ...old,
    Config: { ...old.Config, Labels: labelsOfUser(old, oldImage) },
  }));
  return [...notRestarted(members, present), ...recreatedOnce(members)];
}

/** `depends_on: { db: { restart: true } }`: Compose restarts these when it recreates the target. */
function notRestarted(members: readonly ContainerInspect[], present: readonly ContainerSummary[]): string[] {
  const [target] = members;
  const own = composeMemberOf(target?.Config.Labels);
  if (!target || !own) return [];
  const names = present
    .filter(({ Id, State, Labels }) => {
      const other = composeMemberOf(Labels);
      if (other?.project !== own.project || State !== 'running' || members.some((member) => member.Id === Id))
        return false;
      const needed = composeDependencies({ Config: { Image: '', Labels } });
      return needed.some(({ service, restart }) => restart && service === own.service);
    })
    .map(({ Names }) => (Names[0] ?? '').replace(/^\//, ''))
    .sort();
  if (names.length === 0) return [];
  return [
    `${names.join(', ')} ${names.length === 1 ? 'depends' : 'depend'} on ${own.service} with restart: true and ${names.length === 1 ? 'is' : 'are'} not restarted, so that connections to the old container may be left; restart ${names.length === 1 ? 'it' : 'them'}`,
  ];
}

/** Compose's hash of a service's configuration holds the id of the container whose namespace it shares (compose pkg/compose/hash.go). */
function recreatedOnce(members: readonly ContainerInspect[]): string[] {
  return members
    .filter(
      (member) =>
        member.Config.Labels?.[composeLabels.configHash] !== undefined &&
        namespaceModes.some((mode) => members.some(({ Id }) => Id === ownerOf(member, mode))),
    )
    .map(
      (member) =>
        `the next docker compose up recreates ${nameOf(member)} once, because Compose knows it by the id of the container whose namespace it shares`,
    );
}
