import { describe, expect, it } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { newDeployment, type Deployment } from './deployment.js';
import { RecordWatch } from './record-watch.js';

describe('RecordWatch', () => {
  const deployment = newDeployment('web', 'ci');

  it('looks once more, and not once for each message, when messages come during a look', async () => {
    let looks = 0;
    const found: Deployment[] = [];
    const watch = new RecordWatch(
      async () => {
        looks++;
        await setTimeout(10);
        return deployment;
      },
      (each) => found.push(each),
    );
    for (let count = 0; count < 1000; count++) watch.hint();
    await setTimeout(100);
    expect([looks, found.length]).toEqual([2, 2]);
  });

  it('tries again when the record cannot be read', async () => {
    let looks = 0;
    const found = await new Promise<Deployment>((resolve) => {
      const find = (): Promise<Deployment> =>
        looks++ === 0 ? Promise.reject(new Error('Redis is away')) : Promise.resolve(deployment);
      new RecordWatch(find, resolve).hint();
    });
    expect([looks, found]).toEqual([2, deployment]);
  });

  it('tells nothing after it is closed', async () => {
    const found: Deployment[] = [];
    const watch = new RecordWatch(
      () => Promise.resolve(deployment),
      (each) => found.push(each),
    );
    watch.hint();
    watch.close();
    await setTimeout(20);
    expect(found).toEqual([]);
  });
});
