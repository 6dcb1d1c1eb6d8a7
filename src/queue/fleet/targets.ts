import type { AnnouncedHost } from './host-registry.js';
import { Ambiguous } from '../queue.service.js';

/** The hosts that a request is for, or why there is none. */
export type Targets = { hosts: [string, ...string[]] } | { code: string; message: string };

/**
 * Which hosts a request is for: all that have the container, also those that are away and will be back, or the one that is asked for.
 * @throws Ambiguous where they have different things under that name
 */
export function targetsOf(container: string, all: readonly AnnouncedHost[], asked?: string): Targets {
  const live = all.filter(({ isLive }) => isLive).map(({ host }) => host);
  const there = live.length === 0 ? 'no host is there' : `the hosts that are there: ${live.join(', ')}`;
  if (asked !== undefined && !all.some(({ host }) => host === asked))
    return { code: 'no_such_host', message: `there is no host ${asked}; ${there}` };
  const having = all.filter(({ host, containers }) => Object.hasOwn(containers, container) && (asked ?? host) === host);
  const [first, ...others] = having.map(({ host }) => host);
  if (first === undefined) {
    const where = asked === undefined ? 'no host has a container' : `the host ${asked} has no container`;
    return { code: 'no_such_container', message: `${where} ${container}; ${there}` };
  }
  const repositories = new Set(having.map(({ containers }) => containers[container]));
  if (repositories.size > 1) {
    const each = having.map(({ host, containers }) => `${host} (${containers[container] ?? ''})`);
    throw new Ambiguous(`hosts have different things under the name ${container}: ${each.join(', ')}`);
  }
  return { hosts: [first, ...others] };
}
