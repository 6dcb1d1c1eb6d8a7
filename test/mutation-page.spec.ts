import { describe, expect, it } from '@jest/globals';
import { mutationPage, scoreOf } from '../scripts/mutation-page.mjs';

const mutants = (file: string, ...statuses: string[]) =>
  statuses.map((status, index) => ({ file, line: statuses.length - index, status }));

describe('the score of mutation tests', () => {
  it('is the share that a test noticed, of those that could run', () => {
    const found = mutants('a.ts', 'Killed', 'Timeout', 'Survived', 'NoCoverage', 'RuntimeError', 'Ignored');
    expect(scoreOf(found)).toEqual({ killed: 2, survived: 1, uncovered: 1, score: 50 });
  });

  it('is full where nothing could be changed', () => {
    expect(scoreOf([]).score).toBe(100);
  });
});

describe('the page of mutation tests', () => {
  const rules = { day: '2026-11-30', mutants: mutants('src/rules.ts', 'Survived', 'Killed', 'NoCoverage') };
  const auth = { day: '2026-12-01', mutants: mutants('src/auth.ts', 'Killed') };
  const page = mutationPage({ rules, auth }, 85);

  it('begins with the result', () => {
    expect(page).toMatch(/^# Mutation tests: 50.0 %\n/);
  });

  it('has a row for each room, and the lines where no test notices a change', () => {
    expect(page).toContain('| rules | 33.3 % | 1 | 1 | 1 | 2026-11-30 |\n| auth | 100.0 % | 1 | 0 | 0 | 2026-12-01 |');
    expect(page).toContain('| `src/rules.ts` | 1, 3 |\n');
    expect(page).not.toContain('`src/auth.ts`');
  });
});
