import { describe, expect, it } from '@jest/globals';
import { newImage, serviceSpec } from '../../../test/support/fixtures/services.js';
import { endOf } from './service-end.js';

const service = { Spec: serviceSpec(newImage), UpdateStatus: { Message: 'due to failure of task x' } };
const evidence = { code: 'exited' as const, errors: ['task: non-zero exit (3)'], exitCode: 3, logTail: ['no luck'] };

describe('endOf', () => {
  it('calls a rollback what it is, with the reason of the failure', () => {
    expect(endOf({ is: 'rolled_back' }, service, evidence, 'rollback')).toEqual({
      status: 'rolled_back',
      error: {
        code: 'exited',
        stage: 'prove',
        message:
          'the new tasks of the service web failed: task: non-zero exit (3); Swarm has rolled it back (due to failure of task x)',
        exitCode: 3,
        logTail: ['no luck'],
      },
    });
  });

  it.each([
    [{ is: 'failed', code: 'update_paused' } as const, 'update_paused', 'docker service rollback web goes back'],
    [{ is: 'failed', code: 'rollback_failed' } as const, 'rollback_failed', 'docker service ps web'],
    [{ is: 'failed', code: 'container_changed' } as const, 'container_changed', newImage],
    [{ is: 'overdue', afterMs: 30_000, wasRollingBack: false } as const, 'proof_timeout', 'within 30 s'],
    [{ is: 'overdue', afterMs: 30_000, wasRollingBack: true } as const, 'rollback_failed', 'within 30 s'],
    [{ is: 'failing' } as const, 'exited', 'again and again'],
  ])('fails with a code and a way on: %j', (headway, code, words) => {
    expect(endOf(headway, service, { code: 'exited', errors: [] }, 'prove')).toMatchObject({
      status: 'failed',
      error: { code, stage: 'prove', message: expect.stringContaining(words) },
    });
  });
});
