import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { settingsTable } from './settings-table.js';

describe('the table of settings', () => {
  it('names every setting, with a description', () => {
    expect(settingsTable()).toContain('| `SECRET_KEY` | **required** | ');
    expect(settingsTable()).toContain('| `PORT` | `8080` | ');
    for (const row of settingsTable().split('\n').slice(2)) expect(row).toMatch(/^\| `[A-Z_]+` \| .+ \| .{10,} \|$/);
  });

  it('stands in README.md as it is', () => {
    expect(readFileSync('README.md', 'utf8')).toContain(settingsTable());
  });
});
