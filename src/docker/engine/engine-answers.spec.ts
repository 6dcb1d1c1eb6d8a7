import { describe, expect, it } from '@jest/globals';
import { lastAttributes, pathStatIn, signalsSinceStart } from './engine-answers.js';
import { EngineError } from './engine-error.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const stat = { name: 'f', size: 1, mode: 420, mtime: '2026-01-01T00:00:00Z' };

describe('pathStatIn', () => {
  it('reads what the engine tells of a path', () => {
    expect(pathStatIn(base64(JSON.stringify(stat)))).toEqual(stat);
  });

  it('takes what a newer engine adds', () => {
    expect(pathStatIn(base64(JSON.stringify({ ...stat, owner: { uid: 1 } })))).toMatchObject(stat);
  });

  it.each(['', 'no JSON', 'null', '[]', '{}', '{"name":1}', JSON.stringify({ ...stat, mode: '420' })])(
    'refuses %j with an error of the engine',
    (text) => {
      expect(() => pathStatIn(base64(text))).toThrow(EngineError);
    },
  );
});

describe('lastAttributes', () => {
  it('reads the last line', () => {
    expect(lastAttributes('{}\n{"Actor":{"Attributes":{"name":"web"}}}\n')).toEqual({ name: 'web' });
    expect(lastAttributes('\n')).toBeUndefined();
    expect(lastAttributes('{"Actor":{}}')).toBeUndefined();
    expect(lastAttributes('{"Actor":null}')).toBeUndefined();
    expect(lastAttributes('{"Actor":{"Attributes":null}}')).toBeUndefined();
  });

  it('takes what a newer engine adds', () => {
    const line = '{"Scope":{"new":[]},"Actor":{"New":1,"Attributes":{"name":"web","new":1}}}';
    expect(lastAttributes(line)).toEqual({ name: 'web' });
  });

  it.each(['{"Actor":', 'null', '7', '{"Actor":"x"}', '{"Actor":{"Attributes":"x"}}'])(
    'refuses %j with an error of the engine',
    (line) => {
      expect(() => lastAttributes(line)).toThrow(EngineError);
    },
  );
});

describe('signalsSinceStart', () => {
  const start = '{"Action":"start"}\n';
  const kill = (signal: string): string => `{"Action":"kill","Actor":{"Attributes":{"signal":"${signal}"}}}\n`;

  it('tells those after the last start', () => {
    expect(signalsSinceStart(start + kill('15') + start + kill('1') + kill('9'))).toEqual(['1', '9']);
    expect(signalsSinceStart(start)).toEqual([]);
  });

  it('tells nothing if the start is forgotten', () => {
    expect(signalsSinceStart(kill('9'))).toBeUndefined();
    expect(signalsSinceStart('')).toBeUndefined();
  });

  it('refuses what is no event', () => {
    expect(() => signalsSinceStart('{"Action":1}')).toThrow(EngineError);
  });
});
