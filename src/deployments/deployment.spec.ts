import { describe, expect, it } from '@jest/globals';
import {
  coalesce,
  enterStage,
  finish,
  isFinished,
  newDeployment,
  postpone,
  start,
  type Deployment,
  type DeploymentEnd,
} from './deployment.js';

const succeeded: DeploymentEnd = { status: 'succeeded', result: 'updated' };
const dropped: DeploymentEnd = { status: 'dropped', error: { code: 'stopping', message: 'stopped' } };

describe('a deployment', () => {
  it('goes from queued to running to an end, with a time for each', () => {
    const ended = finish(enterStage(enterStage(start(newDeployment('web', 'ci')), 'pull'), 'swap'), succeeded);
    expect(ended).toMatchObject({ container: 'web', requestedBy: 'ci', status: 'succeeded', result: 'updated' });
    expect(isFinished(ended)).toBe(true);
    expect(ended.stages.map(({ stage }) => stage)).toEqual(['pull', 'swap']);
    expect(ended.stages.every(({ durationMs }) => durationMs !== undefined && durationMs >= 0)).toBe(true);
    for (const time of [ended.queuedAt, ended.startedAt, ended.finishedAt])
      expect(Date.parse(time ?? '')).not.toBeNaN();
  });

  it('remembers who joined it: each caller once, the last twenty', () => {
    const joined = ['b', 'a', 'b'].reduce(coalesce, newDeployment('web', 'a'));
    expect(joined).toMatchObject({ requestedBy: 'a', coalesced: 3, coalescedFrom: ['a', 'b'] });
    const many = Array.from({ length: 100 }, (_, index) => `ci-${index}`).reduce(coalesce, joined);
    expect(many.coalesced).toBe(103);
    expect(many.coalescedFrom).toHaveLength(20);
    expect(many.coalescedFrom.at(-1)).toBe('ci-99');
  });

  it('may be dropped while it waits or runs', () => {
    expect(finish(newDeployment('web', 'ci'), dropped).status).toBe('dropped');
    expect(finish(start(newDeployment('web', 'ci')), dropped).status).toBe('dropped');
  });

  it('never succeeds without having run, never runs twice, never leaves its end', () => {
    const queued = newDeployment('web', 'ci');
    expect(() => finish(queued, succeeded)).toThrow('from queued to succeeded');
    expect(() => start(start(queued))).toThrow('from running to running');
    expect(() => finish(finish(start(queued), succeeded), dropped)).toThrow('from succeeded to dropped');
  });

  it('goes back to the queue as often as it must, and remembers the last tries', () => {
    const retry = (index: number) => ({
      stage: 'pull',
      code: 'digest_mismatch',
      message: String(index),
      notBefore: '',
    });
    let deployment: Deployment = start(newDeployment('web', 'ci', { expectedDigest: 'sha256:a' }));
    const { startedAt } = deployment;
    for (let index = 1; index <= 12; index++) {
      deployment = postpone(enterStage(deployment, 'pull'), retry(index));
      expect(deployment).toMatchObject({ status: 'queued', notBefore: '', attempts: index });
      expect(deployment.stages).toMatchObject([{ stage: 'pull', durationMs: expect.any(Number) }]);
      deployment = start(deployment);
    }
    expect(deployment).toMatchObject({ status: 'running', startedAt, attempts: 13, stages: [] });
    expect(deployment).not.toHaveProperty('notBefore');
    expect(deployment.retries?.map(({ message }) => message)).toEqual([
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
      '10',
      '11',
      '12',
    ]);
    expect(() => postpone(newDeployment('web', 'ci'), retry(1))).toThrow('from queued to queued');
  });
});
