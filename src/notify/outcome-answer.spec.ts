import { describe, expect, it } from '@jest/globals';
import { Problem } from '../http/problem.js';
import { enterStage, finish, newDeployment, start, type Deployment } from '../deployments/deployment.js';
import { outcomeAnswer } from './outcome-answer.js';

const running = start(newDeployment('web', 'ci'));
const error = { code: 'exited', stage: 'prove', message: 'it exited with code 1' };

function problemOf(deployment: Deployment): Problem {
  try {
    outcomeAnswer(deployment);
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown;
    throw thrown;
  }
  throw new Error('there was no problem');
}

describe('outcomeAnswer', () => {
  it('is the record of one that succeeded', () => {
    const succeeded = finish(running, { status: 'succeeded', result: 'updated' });
    expect(outcomeAnswer(succeeded)).toBe(succeeded);
  });

  it.each([
    ['failed', finish(running, { status: 'failed', error }), 422, 'exited', {}],
    ['rolled back', finish(running, { status: 'rolled_back', error }), 422, 'exited', {}],
    ['dropped', finish(running, { status: 'dropped', error }), 503, 'exited', { 'Retry-After': '5' }],
    ['running', enterStage(running, 'pull'), 504, 'still_running', { Location: `/deployments/${running.id}` }],
    [
      'queued',
      { ...running, status: 'queued' as const },
      504,
      'still_running',
      { Location: `/deployments/${running.id}` },
    ],
  ])('is a problem that carries the record of one that is %s', (_, deployment, status, code, headers) => {
    const problem = problemOf(deployment);
    expect(problem.getStatus()).toBe(status);
    expect(problem.headers).toEqual(headers);
    expect(problem.toBody()).toMatchObject({ status, code, deployment });
    expect(problem.detail).toContain('web');
    if (deployment.error) expect(problem.detail).toContain('it exited with code 1');
  });
});
