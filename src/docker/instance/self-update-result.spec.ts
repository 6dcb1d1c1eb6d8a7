import { describe, expect, it } from '@jest/globals';
import { resultIn, resultLine, type SelfUpdateResult } from './self-update-result.js';

const result: SelfUpdateResult = {
  container: 'deployer',
  reference: 'a1',
  outcome: { status: 'succeeded', result: 'updated', containerId: 'c1' },
};

describe('the result of a self-update', () => {
  it('reads what a helper wrote, among its other lines', () => {
    expect(resultIn(`a log line\n${resultLine(result)}\nthe end\n`)).toEqual(result);
  });

  it('keeps what a newer version tells', () => {
    const later = { ...result, later: 1, outcome: { ...result.outcome, later: [2] } };
    expect(resultIn(resultLine(later))).toEqual(later);
  });

  it.each([
    '',
    'self-update result: garbage',
    'self-update result: null',
    'self-update result: {}',
    'self-update result: {"container":"a","reference":"b","outcome":{"status":"paused"}}',
    'self-update result: {"container":"a","reference":"b","outcome":{"status":"failed"}}',
    'self-update result: {"container":"a","reference":7,"outcome":{"status":"succeeded","result":"updated"}}',
  ])('reads nothing from %j', (output) => {
    expect(resultIn(output)).toBeUndefined();
  });
});
