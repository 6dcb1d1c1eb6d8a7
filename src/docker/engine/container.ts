import type { ContainerInspect } from './engine-types.js';

/** The label by which Swarm marks the container of a task with its service. */
export const swarmServiceLabel = 'com.docker.swarm.service.id';

/** A container's name without the slash that the engine puts before it. */
export function nameOf(container: Pick<ContainerInspect, 'Name'>): string {
  return container.Name.replace(/^\//, '');
}

/** Whether anything of a container ever ran: the engine writes the year 1 for what has not happened. */
export function hasRun({ State }: Pick<ContainerInspect, 'State'>): boolean {
  return Date.parse(State.StartedAt) > 0;
}
