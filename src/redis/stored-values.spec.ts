import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import * as z from 'zod';
import { StoredValues } from './stored-values.js';

const schema = z.looseObject({ name: z.string() });

describe('StoredValues', () => {
  it('answers what fits, with the fields that it does not know', () => {
    const values = new StoredValues();
    expect(values.parse('record', 'a', '{"name":"web","later":[1]}', schema)).toEqual({ name: 'web', later: [1] });
    expect(values.skipped('record')).toBe(0);
  });

  it.each(['', 'garbage', 'null', '7', '"text"', '[]', '{}', '{"name":7}', '{"name":null}', '{"name":"web"', '\u0000'])(
    'skips and counts %j',
    (text) => {
      const values = new StoredValues();
      expect(values.parse('announcement', 'a', text, schema)).toBeUndefined();
      expect([values.skipped('announcement'), values.skipped('record')]).toEqual([1, 0]);
    },
  );

  it('skips and counts what is nested so deep that it could not be written again', () => {
    const values = new StoredValues();
    const nested = (times: number): string => `{"name":"web","later":${'['.repeat(times)}${']'.repeat(times)}}`;
    expect(values.parse('record', 'a', nested(20), schema)).toBeDefined();
    for (const times of [40, 100_000]) expect(values.parse('record', 'a', nested(times), schema)).toBeUndefined();
    expect(values.skipped('record')).toBe(2);
  });

  it('logs each value once, a bounded number of them, and no content', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const values = new StoredValues();
      for (let times = 0; times < 3; times++) values.parse('record', 'a', 'the secret', schema);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(String(warn.mock.calls[0]?.[0])).not.toContain('secret');
      for (let index = 0; index < 1000; index++) values.parse('record', String(index), '{"name":"x', schema);
      expect(warn).toHaveBeenCalledTimes(100);
      expect(values.skipped('record')).toBe(1003);
    } finally {
      warn.mockRestore();
    }
  });
});
