import { describe, expect, it } from '@jest/globals';
import type { DeploymentEnd } from './deployment.js';
import { DeploymentEvents, type OwnEvent } from './deployment-events.js';
import { DeploymentsService } from './deployments.service.js';
import { MemoryDeploymentStore } from './memory.deployment-store.js';

const succeeded: DeploymentEnd = { status: 'succeeded', result: 'up_to_date' };
const never = new AbortController().signal;

function build(deploymentsKept = 10) {
  const events = new DeploymentEvents();
  return { events, deployments: new DeploymentsService(new MemoryDeploymentStore({ deploymentsKept }), events) };
}

describe('DeploymentsService', () => {
  it('tells what happens, with the record as it is then', async () => {
    const { events, deployments } = build();
    const seen: OwnEvent[] = [];
    const stopListening = events.subscribe((event) => {
      if (!event.relayed && 'deployment' in event) seen.push(event);
    });
    const { id } = await deployments.accept('web', 'ci');
    await deployments.coalesce(id, 'other');
    await deployments.start(id);
    await deployments.enterStage(id, 'pull', { image: 'web:1' });
    await deployments.finish(id, succeeded);
    expect(seen.map(({ type, deployment }) => [type, deployment.status])).toEqual([
      ['queued', 'queued'],
      ['coalesced', 'queued'],
      ['started', 'running'],
      ['stage', 'running'],
      ['finished', 'succeeded'],
    ]);
    expect(seen[3]?.deployment).toMatchObject({ image: 'web:1', stages: [{ stage: 'pull' }] });
    stopListening();
    await deployments.accept('web', 'ci');
    expect(seen).toHaveLength(5);
  });

  describe('untilFinished', () => {
    it('answers at once for one that has ended, and for one that is unknown', async () => {
      const { deployments } = build();
      const { id } = await deployments.accept('web', 'ci');
      await deployments.start(id);
      const ended = await deployments.finish(id, succeeded);
      expect(await deployments.untilFinished(id, never)).toEqual(ended);
      expect(await deployments.untilFinished('unknown', never)).toBeUndefined();
    });

    it('answers everybody who waits with the end, also where its record is forgotten at once', async () => {
      const { events, deployments } = build(1);
      const { id } = await deployments.accept('web', 'ci');
      const other = await deployments.accept('api', 'ci');
      const waiting = Array.from({ length: 200 }, () => deployments.untilFinished(id, never));
      await deployments.start(id);
      await deployments.start(other.id);
      const [ended] = await Promise.all([deployments.finish(id, succeeded), deployments.finish(other.id, succeeded)]);
      expect(await Promise.all(waiting)).toEqual(Array.from({ length: 200 }, () => ended));
      expect(await deployments.find(id)).toBeUndefined();
      expect(events.size).toBe(0);
    });

    it('answers with what it is so far once the signal is aborted, and leaves no listener', async () => {
      const { events, deployments } = build();
      const { id } = await deployments.accept('web', 'ci');
      const patience = new AbortController();
      const waiting = deployments.untilFinished(id, patience.signal);
      await deployments.start(id);
      patience.abort();
      expect(await waiting).toMatchObject({ status: 'running' });
      expect(await deployments.untilFinished(id, patience.signal)).toMatchObject({ status: 'running' });
      expect(events.size).toBe(0);
    });
  });
});

describe('DeploymentEvents', () => {
  it('lets no listener that throws disturb the deployment or the others', async () => {
    const { events, deployments } = build();
    const seen: string[] = [];
    events.subscribe(() => {
      throw new Error('a listener that fails');
    });
    events.subscribe(({ type }) => seen.push(type));
    await deployments.accept('web', 'ci');
    expect(seen).toEqual(['queued']);
  });
});
