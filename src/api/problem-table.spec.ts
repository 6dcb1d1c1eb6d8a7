import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { failureCodes } from './failure-codes.js';
import { problemTable } from './problem-table.js';

const sources = globSync('src/**/*.ts')
  .filter((path) => !path.endsWith('.spec.ts'))
  .map((path) => readFileSync(path, 'utf8'));
const readme = readFileSync('README.md', 'utf8');
const openapi = readFileSync('docs/openapi.json', 'utf8');

/** Each `status code` that the sources make a problem of: `new Problem(400, 'x'`, `unavailable('x'`, `super(503, 'x'`. */
function inSources(): string[] {
  const found = new Set<string>();
  for (const source of sources) {
    for (const [, status = '', code = ''] of source.matchAll(/(?:new Problem|super)\(\s*(\d{3}),\s*'(\w+)'/g))
      found.add(`${status} ${code}`);
    for (const [, code = ''] of source.matchAll(/\bunavailable\(\s*'(\w+)'/g)) found.add(`503 ${code}`);
  }
  return [...found].sort();
}

describe('the table of problems', () => {
  it('has each status and code that the service answers, and no other', () => {
    expect(problemTable.map(({ status, code }) => `${status} ${code}`).sort()).toEqual(inSources());
  });

  it('leaves no problem out whose status or code is not written down as such', () => {
    const computed = sources.flatMap(
      (source) => source.match(/new Problem\((?!\s*\d{3},\s*(?:'\w+'|code))[^,]*,[^,]*/g) ?? [],
    );
    // An error of the framework, of which the filter makes a bad_request.
    expect(computed).toEqual(["new Problem(error.getStatus(), 'bad_request'"]);
  });

  it.each(problemTable.filter(({ on }) => on.length > 0).map(({ code }) => code))(
    'is in the README and the OpenAPI document with %s',
    (code) => {
      expect(readme).toContain(`\`${code}\``);
      expect(openapi).toContain(`\`${code}\``);
    },
  );
});

describe('the codes of failures', () => {
  const union = /export type FailureCode =([\s\S]*?);/.exec(
    sources.find((text) => text.includes('export type FailureCode')) ?? '',
  )?.[1];
  const ofUpdates = [...(union ?? '').matchAll(/'(\w+)'/g)].map(([, code = '']) => code);

  it('have all of an update', () => {
    expect(ofUpdates.length).toBeGreaterThan(25);
    expect(failureCodes).toEqual(expect.arrayContaining(ofUpdates));
  });

  it.each(failureCodes)('are in the README and the OpenAPI document with %s', (code) => {
    expect(readme).toContain(`\`${code}\``);
    expect(openapi).toContain(`\`${code}\``);
  });
});
