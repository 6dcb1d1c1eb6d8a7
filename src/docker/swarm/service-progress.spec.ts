import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { look, newImage, oldImage, task } from '../../../test/support/fixtures/services.js';
import { ServiceProgress } from './service-progress.js';

const patience = { settleMs: 1000, stepMs: 10_000, pullMs: 60_000 };
const progress = (): ServiceProgress => new ServiceProgress({ kind: 'update', image: newImage }, patience);
const pending = task({ state: 'pending' });

describe('ServiceProgress', () => {
  it('converges once the same tasks have run for the settling time', () => {
    const one = progress();
    const [first, second] = [task(), task()];
    expect(one.see(look({ tasks: [first] }), 0)).toEqual({ is: 'waiting' });
    expect(one.see(look({ tasks: [second] }), 900)).toEqual({ is: 'waiting' });
    expect(one.see(look({ tasks: [second] }), 1800)).toEqual({ is: 'waiting' });
    expect(one.see(look({ tasks: [second] }), 1900)).toEqual({ is: 'converged' });
  });

  it('gives each task its own time', () => {
    const one = progress();
    const first = task({ Slot: 1 });
    const seen = (tasks: ReturnType<typeof task>[], at: number): string =>
      one.see(look({ replicas: 2, tasks, state: 'updating' }), at).is;
    expect(seen([pending], 0)).toBe('waiting');
    expect(seen([pending], 9000)).toBe('waiting');
    expect(seen([first, pending], 9500)).toBe('waiting');
    expect(seen([first, pending], 19_000)).toBe('waiting');
    expect(seen([first, pending], 19_501)).toBe('overdue');
  });

  it.each([undefined, 'completed' as const])('sees tasks fail again and again of which Swarm says %s', (state) => {
    const one = progress();
    for (const at of [0, 500, 1000]) expect(one.see(look({ tasks: [task()], state }), at)).toEqual({ is: 'waiting' });
    expect(one.see(look({ tasks: [task()], state }), 1500)).toEqual({ is: 'failing' });
  });

  it('leaves it to Swarm to count those that fail while it replaces them', () => {
    const one = progress();
    for (let at = 0; at <= 10_000; at += 500)
      expect(one.see(look({ tasks: [task()], state: 'updating' }), at)).toEqual({ is: 'waiting' });
    // Those that were replaced are none that were lost.
    expect(one.see(look({ tasks: [task()], state: 'completed' }), 10_000)).toEqual({ is: 'waiting' });
  });

  it('gives a node that gets the image as long as a pull', () => {
    const one = progress();
    const preparing = look({ tasks: [task({ state: 'preparing' })], state: 'updating' });
    expect(one.see(preparing, 0)).toEqual({ is: 'waiting' });
    expect(one.see(preparing, 60_000)).toEqual({ is: 'waiting' });
    expect(one.see(preparing, 60_001)).toMatchObject({ is: 'overdue' });
  });

  it('gives a rollback its own time', () => {
    const one = progress();
    const back = (at: number): unknown =>
      one.see(look({ image: oldImage, tasks: [pending], state: 'rollback_started' }), at);
    one.see(look({ tasks: [pending], state: 'updating' }), 0);
    expect(back(9000)).toEqual({ is: 'rolling_back' });
    expect(back(19_000)).toEqual({ is: 'rolling_back' });
    expect(back(19_001)).toEqual({ is: 'overdue', afterMs: 10_001, wasRollingBack: true });
  });

  it('ends, whatever it sees', () => {
    const seen = fc.record({
      replicas: fc.integer({ min: 1, max: 3 }),
      image: fc.constantFrom(newImage, oldImage),
      state: fc.constantFrom('updating' as const, 'completed' as const, 'rollback_started' as const, undefined),
      running: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.infiniteStream(seen), (looks) => {
        const one = progress();
        let ended = false;
        // Four counts of tasks before a rollback and four in it, each with its time.
        for (let at = 0; at <= 8 * 11_000 && !ended; at += 1000) {
          const { running, ...rest } = looks.next().value as { running: number; replicas: number };
          const tasks = Array.from({ length: running }, (_, index) => task({ Slot: index }));
          ended = !['waiting', 'rolling_back'].includes(one.see(look({ ...rest, tasks }), at).is);
        }
        expect(ended).toBe(true);
      }),
    );
  });
});
