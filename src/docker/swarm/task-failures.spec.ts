import { describe, expect, it } from '@jest/globals';
import { newImage, oldImage, task } from '../../../test/support/fixtures/services.js';
import { taskFailure } from './task-failures.js';
import type { Task } from '../engine/swarm-types.js';

const failed = (Err: string, Timestamp: string, more: Partial<Task['Status']> = {}): Task =>
  task({ DesiredState: 'shutdown', Status: { State: 'failed', Err, Timestamp, ...more } });

describe('taskFailure', () => {
  const early = failed('task: non-zero exit (3)', '2026-11-26T02:05:17.3Z');
  const late = failed('task: non-zero exit (4)', '2026-11-26T02:05:18.3Z');

  it('takes the last task that failed for a witness, and tells each error once', () => {
    const again = failed('task: non-zero exit (3)', '2026-11-26T02:05:16Z');
    expect(taskFailure([again, early, late, task()], newImage)).toEqual({
      code: 'exited',
      errors: ['task: non-zero exit (4)', 'task: non-zero exit (3)'],
      witness: late,
    });
  });

  it('prefers the one that Swarm names', () => {
    expect(taskFailure([late, early], newImage, `update paused due to failure of task ${early.ID}`).witness).toBe(
      early,
    );
  });

  it('leaves those of another image out', () => {
    const others = task({ image: oldImage, Status: { State: 'failed', Err: 'old' } });
    expect(taskFailure([others], newImage)).toEqual({ code: 'exited', errors: [], witness: undefined });
  });

  it('tells why a task waits, of which there is no log', () => {
    const waiting = task({
      Status: { State: 'pending', Err: 'no suitable node (1 node not available for new tasks)' },
    });
    expect(taskFailure([waiting], newImage)).toMatchObject({
      errors: ['no suitable node (1 node not available for new tasks)'],
      witness: undefined,
    });
  });

  it.each([
    ['unhealthy', failed('task: non-zero exit (137): dockerexec: unhealthy container', '')],
    ['start_failed', failed('No such image: web:1', '', { State: 'rejected' })],
    ['exited', failed('task: non-zero exit (3)', '')],
  ])('has the code %s', (code, witness) => {
    expect(taskFailure([witness], newImage).code).toBe(code);
  });
});
