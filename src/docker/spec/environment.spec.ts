import { describe, expect, it } from '@jest/globals';
import { userEnvironment } from './environment.js';

describe('userEnvironment', () => {
  const image = ['PATH=/bin', 'VERSION=1'];

  it.each([
    ['nothing set', ['PATH=/bin', 'VERSION=1'], []],
    ['one added', ['A=b', 'PATH=/bin', 'VERSION=1'], ['A=b']],
    ['one changed', ['VERSION=2', 'PATH=/bin'], ['VERSION=2']],
    ['one set to the image’s value', ['VERSION=1', 'PATH=/bin'], ['VERSION=1']],
    ['all set to the image’s values, in another order', ['VERSION=1', 'PATH=/bin'], ['VERSION=1']],
    ['one emptied', ['VERSION=', 'PATH=/bin'], ['VERSION=']],
    ['one unset', ['VERSION', 'PATH=/bin'], ['VERSION']],
    ['one set twice', ['A=1', 'A=2', 'PATH=/bin', 'VERSION=1'], ['A=1', 'A=2']],
    ['a value with an equals sign', ['A=b=c', 'PATH=/bin', 'VERSION=1'], ['A=b=c']],
    [
      'the user’s after the image’s: all set by the user',
      ['PATH=/bin', 'VERSION=1', 'A=b'],
      ['PATH=/bin', 'VERSION=1', 'A=b'],
    ],
    ['an order that no engine makes', ['VERSION=1', 'A=b'], ['A=b']],
    ['none at all', [], []],
  ])('%s', (_, container, expected) => {
    expect(userEnvironment(container, image)).toEqual(expected);
  });
});
