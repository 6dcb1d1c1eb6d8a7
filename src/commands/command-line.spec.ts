import { describe, expect, it } from '@jest/globals';
import { asksForHelp, misusedCommand } from './command-line.js';

describe('asksForHelp', () => {
  it.each([['help'], ['--help'], ['-h'], ['check', '--help'], ['recover', '-h'], ['check', 'web', '--help']])(
    'sees it in %j %j %j',
    (...words) => {
      expect(asksForHelp(words)).toBe(true);
    },
  );

  it('takes a container for a container, also one that is called help', () => {
    expect(asksForHelp(['check', 'help'])).toBe(false);
    expect(asksForHelp(['check', 'web'])).toBe(false);
    expect(asksForHelp([])).toBe(false);
  });
});

describe('misusedCommand', () => {
  it.each([
    [['recover', 'web'], 'recover takes no arguments, and was given web'],
    [['recover', '--dry-run'], 'recover takes no arguments, and was given --dry-run'],
    [['version', '-v'], 'version takes no arguments, and was given -v'],
    [['check', 'web', '--json'], 'check has no option --json'],
  ])('refuses %j', (words, reason) => {
    expect(misusedCommand(words)).toBe(reason);
  });

  it.each([[['recover']], [['check']], [['check', 'web', 'db']], [['self-update', 'web', 'reference']]])(
    'allows %j',
    (words) => {
      expect(misusedCommand(words)).toBeUndefined();
    },
  );
});
