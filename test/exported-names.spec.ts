import { describe, expect, it } from '@jest/globals';
import { exportedNames } from '../scripts/lint/exported-names.js';

const lint = (files: Record<string, string>): string[] => exportedNames(new Map(Object.entries(files)));

describe('the lint of exported names', () => {
  it('finds a name that two files export, whatever kind of thing it is', () => {
    const files = { 'src/a.ts': 'export interface Target {}', 'src/b.ts': 'export abstract class Target {}' };
    expect(lint({ ...files, 'src/c.ts': 'new Target()' })).toEqual([
      'Target is exported by src/a.ts and src/b.ts: rename one',
    ]);
  });

  it('allows the overloads of a function', () => {
    const overloads = 'export function find(id: string): void;\nexport function find(id: number): void;';
    expect(lint({ 'src/a.ts': overloads, 'src/b.ts': 'find(1)' })).toEqual([]);
  });

  it('finds a function that only its own file uses', () => {
    expect(lint({ 'src/a.ts': 'export async function look() {}\nlook();' })).toEqual([
      'src/a.ts exports look, which nothing imports',
    ]);
  });

  it.each(['src/a.spec.ts', 'test/a.e2e-spec.ts', 'scripts/a.mjs'])('counts an import of %s', (file) => {
    expect(lint({ 'src/a.ts': 'export const limit = 1;', [file]: 'import { limit } from "…";' })).toEqual([]);
  });

  it('allows a type that nobody imports, and equal names outside src/', () => {
    const files = { 'src/a.ts': 'export type Answer = string;', 'test/a.ts': 'export const one = 1;' };
    expect(lint({ ...files, 'bench/b.ts': 'export const one = 1;' })).toEqual([]);
  });
});
