import { describe, expect, it } from '@jest/globals';
import { coverageTable } from '../scripts/coverage-table.mjs';

const half = { lines: { covered: 1, total: 2 }, branches: { covered: 0, total: 0 } };
const full = { lines: { covered: 2, total: 2 }, branches: { covered: 3, total: 4 } };

describe('coverage table', () => {
  it('sums up the files of each room, and counts each room of src/docker on its own', () => {
    const summary = {
      total: { lines: { covered: 5, total: 8 }, branches: { covered: 3, total: 4 } },
      '/repo/src/main.ts': half,
      '/repo/src/config/policy/policy.ts': half,
      '/repo/src/config/settings.ts': full,
      '/repo/src/docker/recreate/fields/labels.ts': full,
      '/repo/src/docker/rules/eligibility.ts': half,
    };
    const cells = coverageTable(summary, '/repo')
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(cells).toEqual([
      ['room', 'lines', 'branches'],
      ['src', '50.0 %', '–'],
      ['src/config', '75.0 %', '75.0 %'],
      ['src/docker/recreate', '100.0 %', '75.0 %'],
      ['src/docker/rules', '50.0 %', '–'],
      ['all', '62.5 %', '75.0 %'],
    ]);
  });
});
