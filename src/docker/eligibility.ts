import type { ContainerInspect } from './engine-types.js';
import { isPinned } from './image-reference.js';
import { labels } from './labels.js';
import { nameOf } from './pair.js';
import { parseTemporaryName } from './temporary-names.js';

export interface Refusal {
  code: 'refused' | 'image_pinned';
  reason: string;
}

/** Labels by which other managers mark the containers that they alone may replace. */
const managers: Record<string, string> = {
  'com.docker.swarm.task.id': 'Docker Swarm; update its service instead',
  'com.docker.swarm.service.id': 'Docker Swarm; update its service instead',
  'io.kubernetes.pod.name': 'Kubernetes; update its workload instead',
  'com.hashicorp.nomad.alloc_id': 'Nomad; update its job instead',
  PODMAN_SYSTEMD_UNIT: 'systemd; restart its unit instead',
};

/** Says why a container must not be updated: before anything is pulled or touched. */
export function ineligible(container: ContainerInspect): Refusal | undefined {
  const { Config, HostConfig, State } = container;
  const name = nameOf(container);
  const has = Config.Labels ?? {};
  const refused = (reason: string): Refusal => ({ code: 'refused', reason });

  if (has[labels.enable] === 'false') return refused(`${name} has the label ${labels.enable}=false`);
  const manager = Object.entries(managers).find(([label]) => label in has)?.[1];
  if (manager) return refused(`${name} is managed by ${manager}`);
  if (/^true$/i.test(has['com.docker.compose.oneoff'] ?? '') || 'com.docker.compose.hook' in has)
    return refused(`${name} is a one-off container of Compose`);
  if (parseTemporaryName(name))
    return refused(`${name} is the temporary name of an update; notify the container itself`);
  if (State.Dead || State.Status === 'removing') return refused(`${name} is being removed`);
  if (State.Paused) return refused(`${name} is paused; unpause it first`);
  if (HostConfig.AutoRemove && has[labels.autoRemove] !== 'true') {
    return refused(
      `${name} was run with --rm and vanishes when it stops, so that nothing could be rolled back; run it without --rm`,
    );
  }
  if (isPinned(Config.Image, container.Image)) {
    return {
      code: 'image_pinned',
      reason: `${name} runs ${Config.Image}, which is pinned to one image; run it from a tag to have something to follow`,
    };
  }
  return undefined;
}
