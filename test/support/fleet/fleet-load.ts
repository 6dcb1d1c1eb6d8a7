import { setTimeout } from 'node:timers/promises';
import type { Deployment } from '../../../src/deployments/deployment.js';
import type { Accepted } from '../../../src/notify/accepting.service.js';
import type { Fleet } from './fleet.js';
import type { Service } from '../service/service.js';

/** How many ask at once. */
const senders = 20;
/** A refusal says `Retry-After: 5`; these callers are less patient. */
const pauseMs = 300;
const patienceMs = 5 * 60_000;

/** What many notifies came to, when each had been accepted. */
export interface FleetLoad {
  /** How many were answered 503 in between, and asked again. */
  refused: number;
  coalesced: number;
  /** Of the deployments that were answered, each once. */
  ids: string[];
  seconds: number;
}

/** Something that is done once so many notifies were sent. */
export interface Disturbance {
  after: number;
  happen: () => Promise<void>;
}

/**
 * Notifies of the containers in turn, of both replicas in turn, each until it is accepted, and disturbs the fleet meanwhile.
 * @throws Error where an answer is neither 202 nor 503, and where one is not accepted within five minutes
 */
export async function notifyMany(
  { replicas }: Fleet,
  names: readonly string[],
  count: number,
  disturbances: readonly Disturbance[],
): Promise<FleetLoad> {
  const began = performance.now();
  const ids = new Set<string>();
  const happening: Promise<void>[] = [];
  let sent = 0;
  let refused = 0;
  let coalesced = 0;

  const accepted = async (index: number): Promise<Accepted> => {
    for (const deadline = performance.now() + patienceMs; performance.now() < deadline;) {
      const replica = replicas[index % replicas.length] ?? replicas[0];
      const response = await replica.fetch(`/notify/${names[index % names.length] ?? ''}`, { method: 'POST' });
      const body: unknown = await response.json();
      if (response.status === 202) return body as Accepted;
      if (response.status !== 503) throw new Error(`a notify was answered ${response.status}: ${JSON.stringify(body)}`);
      refused += 1;
      await setTimeout(pauseMs);
    }
    throw new Error('a notify was not accepted in time');
  };
  const sender = async (): Promise<void> => {
    while (sent < count) {
      const index = sent++;
      for (const { after, happen } of disturbances) if (after === index) happening.push(happen());
      const answer = await accepted(index);
      ids.add(answer.id);
      if (answer.coalesced) coalesced += 1;
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
  await Promise.all(happening);
  return { refused, coalesced, ids: [...ids], seconds: Math.round((performance.now() - began) / 1000) };
}

/** Waits for the end of each; answers them, and the parts that they have on the hosts. */
export async function endsOf(
  replica: Service,
  ids: readonly string[],
  withinMs: number,
): Promise<{ ends: Deployment[]; parts: Deployment[] }> {
  const ends: Deployment[] = [];
  for (const id of ids) ends.push(await replica.settled(id, withinMs));
  const parts: Deployment[] = [];
  for (const { hosts = [] } of ends)
    for (const { deploymentId } of hosts) parts.push(await replica.deployment(deploymentId));
  return { ends, parts };
}

/** Those of the deployments that were worked on at the same time, in pairs. */
export function overlapping(deployments: readonly Deployment[]): [string, string][] {
  const inOrder = deployments
    .filter(({ startedAt }) => startedAt !== undefined)
    .sort((a, b) => Date.parse(String(a.startedAt)) - Date.parse(String(b.startedAt)));
  return inOrder.flatMap((later, index): [string, string][] => {
    const earlier = inOrder[index - 1];
    const isAfter = !earlier || Date.parse(String(later.startedAt)) >= Date.parse(String(earlier.finishedAt));
    return isAfter ? [] : [[earlier.id, later.id]];
  });
}
