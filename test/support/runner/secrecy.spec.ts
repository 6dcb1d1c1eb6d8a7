import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDisclosed, keepSecret, recordOutput, secrecyVariable } from './secrecy.js';

describe('the search for secrets', () => {
  const before = process.env[secrecyVariable];
  afterEach(() => {
    process.env[secrecyVariable] = before;
  });

  it('finds each output that holds one, and does not tell it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrecy-'));
    process.env[secrecyVariable] = folder;
    keepSecret('first-secret', 'second-secret', 'short');
    recordOutput(['nothing', 'a first-secret here', 'and\nsecond-secret there', 'short']);
    expect(findDisclosed(folder)).toEqual({ secrets: 2, lines: 5, found: ['a *** here', '*** there'] });
  });
});
