import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { judgeService, type Aim, type Look } from './convergence.js';
import { look, newImage, oldImage, task } from '../../../test/support/fixtures/services.js';
import type { UpdateState } from '../engine/swarm-types.js';

const update: Aim = { kind: 'update', image: newImage };
const rollback: Aim = { kind: 'rollback', image: oldImage };
const states: (UpdateState | undefined)[] = [
  undefined,
  'updating',
  'paused',
  'completed',
  'rollback_started',
  'rollback_paused',
  'rollback_completed',
];
const judge = (seen: Look, aim: Aim = update, steadyMs = 1000): string => {
  const verdict = judgeService(seen, aim, steadyMs, 1000);
  return verdict.is === 'failed' ? verdict.code : verdict.is;
};

describe('judgeService', () => {
  const served = { replicas: 2, tasks: [task({ Slot: 1 }), task({ Slot: 2 })] };

  it.each<[UpdateState | undefined, string]>([
    [undefined, 'converged'],
    ['updating', 'waiting'],
    ['completed', 'converged'],
    ['paused', 'update_paused'],
    ['rollback_paused', 'rollback_failed'],
    ['rollback_started', 'rolling_back'],
    ['rollback_completed', 'rolled_back'],
  ])('takes %s of a service whose tasks all run for %s', (state, verdict) => {
    expect(judge(look({ ...served, state }))).toBe(verdict);
  });

  it.each<[UpdateState, string]>([
    ['rollback_started', 'waiting'],
    ['rollback_paused', 'rollback_failed'],
    ['rollback_completed', 'converged'],
  ])('takes %s for %s where a rollback was asked for', (state, verdict) => {
    const tasks = [task({ image: oldImage })];
    expect(judge(look({ image: oldImage, tasks, state }), rollback)).toBe(verdict);
  });

  it('does not believe Swarm that an update is completed while its tasks come and go', () => {
    const crashing = [task({ Slot: 1 }), task({ Slot: 2, DesiredState: 'ready', state: 'ready' })];
    expect(judge(look({ replicas: 2, tasks: crashing, state: 'completed' }))).toBe('waiting');
    expect(judge(look({ ...served, state: 'completed' }), update, 999)).toBe('waiting');
  });

  it('waits after a rollback until the tasks of the old image run', () => {
    const tasks = [task({ image: oldImage, state: 'starting' })];
    expect(judge(look({ image: oldImage, tasks, state: 'rollback_completed' }))).toBe('rolling_back');
  });

  it('has nothing to wait for where a service has no replicas', () => {
    expect(judge(look({ replicas: 0, tasks: [], state: undefined }), update, 0)).toBe('converged');
  });

  it('waits for a task of a global service, until Swarm says that no node is to have one', () => {
    expect(judge(look({ replicas: 'global', tasks: [], state: undefined }))).toBe('waiting');
    expect(judge(look({ replicas: 'global', tasks: [], state: 'completed' }))).toBe('converged');
    expect(judge(look({ replicas: 'global', tasks: [task(), task()], state: 'completed' }))).toBe('converged');
  });

  it('says that somebody else gave the service another image', () => {
    for (const state of [undefined, 'updating', 'completed'] as const)
      expect(judge(look({ image: 'web:2@sha256:other', tasks: [], state }))).toBe('container_changed');
  });

  it('never calls it a success while a task that Swarm wants does not run the image', () => {
    const tasks = fc.array(
      fc.record({
        Slot: fc.integer({ min: 1, max: 4 }),
        DesiredState: fc.constantFrom('running', 'ready'),
        state: fc.constantFrom('new', 'pending', 'preparing', 'ready', 'starting', 'running', 'failed', 'rejected'),
        image: fc.constantFrom(oldImage, newImage),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(
        tasks,
        fc.constantFrom(...states),
        fc.constantFrom(oldImage, newImage),
        fc.integer({ min: 0, max: 4 }),
        fc.constantFrom(update, rollback),
        (specs, state, image, replicas, aim) => {
          const seen = look({ image, replicas, state, tasks: specs.map(task) });
          const verdict = judge(seen, aim, Infinity);
          if (verdict === 'converged' || verdict === 'rolled_back') {
            const slots = new Set(specs.map(({ Slot }) => Slot));
            expect(slots.size).toBeGreaterThanOrEqual(replicas);
            expect(specs.every((spec) => spec.state === 'running' && spec.image === image)).toBe(true);
          }
          if (verdict === 'converged') expect(image).toBe(aim.image);
        },
      ),
    );
  });
});
