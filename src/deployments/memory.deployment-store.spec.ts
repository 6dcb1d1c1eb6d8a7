import { describe, expect, it } from '@jest/globals';
import { finish, newDeployment, start } from './deployment.js';
import { MemoryDeploymentStore } from './memory.deployment-store.js';

describe('MemoryDeploymentStore', () => {
  it('forgets the oldest finished ones, and never one that waits or runs', async () => {
    const store = new MemoryDeploymentStore({ deploymentsKept: 2 });
    const waiting = newDeployment('waiting', 'ci');
    await store.add(waiting);
    const finished = ['a', 'b', 'c'].map((name) => newDeployment(name, 'ci'));
    for (const deployment of finished) {
      await store.add(deployment);
      await store.update(deployment.id, (present) =>
        finish(start(present), { status: 'succeeded', result: 'up_to_date' }),
      );
    }
    const kept = await Promise.all(finished.map(async ({ id }) => (await store.find(id))?.container));
    expect(kept).toEqual([undefined, 'b', 'c']);
    expect(await store.find(waiting.id)).toEqual(waiting);
  });

  it('rejects a change of what it does not hold, and of what has ended', async () => {
    const store = new MemoryDeploymentStore({ deploymentsKept: 2 });
    await expect(store.update('unknown', (present) => present)).rejects.toThrow('unknown');
    expect(await store.find('unknown')).toBeUndefined();
  });

  it('rejects with what the change throws and keeps what it had', async () => {
    const store = new MemoryDeploymentStore({ deploymentsKept: 2 });
    const deployment = newDeployment('web', 'ci');
    await store.add(deployment);
    await expect(store.update(deployment.id, (present) => start(start(present)))).rejects.toThrow('running');
    expect(await store.find(deployment.id)).toEqual(deployment);
  });

  it('forgets first those that ended before they began, beyond a tenth: nobody can push out others by them', async () => {
    const store = new MemoryDeploymentStore({ deploymentsKept: 20 });
    const end = async (name: string, hasBegun: boolean): Promise<void> => {
      const deployment = newDeployment(name, 'ci');
      await store.add(deployment);
      await store.update(deployment.id, (present) =>
        hasBegun
          ? finish(start(present), { status: 'succeeded', result: 'up_to_date' })
          : finish(present, { status: 'failed', error: { code: 'superseded', message: 'test' } }),
      );
    };
    for (let count = 0; count < 18; count++) await end('web', true);
    for (let count = 0; count < 1000; count++) await end('flood', false);
    const count = async (name: string): Promise<number> =>
      (await store.newest(100, ({ container }) => container === name)).length;
    expect([await count('web'), await count('flood')]).toEqual([18, 2]);
    for (let more = 0; more < 30; more++) await end('api', true);
    expect([await count('web'), await count('api'), await count('flood')]).toEqual([0, 18, 2]);
  });
});
