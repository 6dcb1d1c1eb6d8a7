import { describe, expect, it } from '@jest/globals';
import { finish, newDeployment, start, type Deployment } from './deployment.js';
import { overtaking } from './overtaking.js';

const deployment = (
  id: string,
  expectedDigest?: string,
  status: 'queued' | 'running' | 'succeeded' | 'failed' = 'queued',
): Deployment => {
  const queued = { ...newDeployment('web', 'ci', { expectedDigest }), id };
  if (status === 'queued') return queued;
  const running = start(queued);
  if (status === 'running') return running;
  return finish(
    running,
    status === 'succeeded' ? { status, result: 'updated' } : { status, error: { code: 'x', message: 'y' } },
  );
};
const mine = deployment('mine', 'A', 'running');

describe('overtaking', () => {
  it.each([
    ['a later one is for what the registry serves now', [mine, deployment('later', 'B')], 'B', 'later'],
    ['a later one got what it asked for', [mine, deployment('later', 'B', 'succeeded')], 'C', 'later'],
    [
      'of several the newest is named',
      [mine, deployment('second', 'B', 'succeeded'), deployment('third', 'C')],
      'C',
      'third',
    ],
    ['an earlier one overtakes nobody', [deployment('earlier', 'B', 'succeeded'), mine], 'B', undefined],
    ['one that waits for something else has not been served', [mine, deployment('later', 'B')], 'C', undefined],
    ['one that failed was not served', [mine, deployment('later', 'B', 'failed')], 'C', undefined],
    [
      'one without a digest says nothing of a push',
      [mine, deployment('later', undefined, 'succeeded')],
      'C',
      undefined,
    ],
    ['one for the same digest is no other push', [mine, deployment('later', 'A', 'succeeded')], 'C', undefined],
    ['it is alone', [mine], 'B', undefined],
  ])('%s', (_, ofContainer, served, winner) => {
    expect(overtaking(mine, ofContainer, served)?.deploymentId).toBe(winner);
  });

  it('looks from the whole on for the part of a host, which is not listed itself', () => {
    const part = { ...deployment('part', 'A', 'running'), partOf: 'mine' };
    const earlier = deployment('earlier', 'B', 'succeeded');
    expect(overtaking(part, [earlier, mine], 'B')).toBeUndefined();
    expect(overtaking(part, [earlier, mine, deployment('later', 'B')], 'B')?.deploymentId).toBe('later');
  });
});
