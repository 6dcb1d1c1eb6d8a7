import { describe, expect, it } from '@jest/globals';
import { EngineError, EngineTimeout, EngineUnreachable } from '../engine/engine-error.js';
import { failureOf } from './failure.js';
import { UpdateError, type Stage } from '../update/outcome.js';

const never = new AbortController().signal;
const mask = (text: string): string => text.replaceAll('hunter2', '***');
const during = (stage: Stage, begun = never): Parameters<typeof failureOf>[1] => ({
  stage,
  mask,
  drain: { begun, nearlyOver: never },
});

describe('failureOf', () => {
  it.each([
    [new EngineUnreachable('no answer'), 'pull', 'engine_unreachable'],
    [new EngineTimeout('no answer in time'), 'inspect', 'engine_timeout'],
    [new EngineError('GET /x', 500, 'broken'), 'prepare', 'engine_error'],
    [new EngineError('POST /x/start', 500, 'port is taken'), 'swap', 'start_failed'],
    [new TypeError('x is not a function'), 'prove', 'internal_error'],
    ['a text', 'prove', 'internal_error'],
  ] as const)('takes %p, in the stage %s, for %s', (error, stage, code) => {
    expect(failureOf(error, during(stage))).toMatchObject({ status: 'failed', error: { code, stage } });
  });

  it('tells what passes from what does not, and what was interrupted', () => {
    const failed = (options: { passes?: boolean }, code: 'pull_failed' | 'interrupted' = 'pull_failed'): unknown =>
      failureOf(new UpdateError(code, 'pull', 'why', options), during('commit'));
    expect(failed({})).toMatchObject({ status: 'failed', error: { code: 'pull_failed', stage: 'pull' } });
    expect(failed({ passes: true })).toMatchObject({ status: 'postponed' });
    expect(failed({}, 'interrupted')).toMatchObject({ status: 'dropped' });
  });

  it('takes whatever fails once the stop of the service has begun for its consequence', () => {
    expect(failureOf(new EngineTimeout('no answer'), during('pull', AbortSignal.abort()))).toMatchObject({
      status: 'dropped',
      error: { code: 'interrupted', stage: 'pull' },
    });
  });

  it('tells no secret', () => {
    expect(failureOf(new Error('the password is hunter2'), during('pull')).error.message).toBe('the password is ***');
  });
});
