import { describe, expect, it } from '@jest/globals';
import { parsePaths } from './path-list.js';

describe('parsePaths', () => {
  it.each([
    ['/srv', ['/srv']],
    [' /srv , /etc/app.conf ', ['/srv', '/etc/app.conf']],
    ['/srv,/srv', ['/srv']],
    ['/a b/c', ['/a b/c']],
    ['/srv/,/srv', ['/srv']],
    ['//srv//app/', ['/srv/app']],
  ])('reads %j', (text, paths) => {
    expect(parsePaths(text)).toEqual(paths);
  });

  it.each(['', 'srv', '/', '//', '/srv,', '/a/../b', '/a/./b', './a', 'none', ',', Array(101).fill('/a').join(',')])(
    'refuses %j',
    (text) => {
      expect(parsePaths(text)).toBeUndefined();
    },
  );
});
