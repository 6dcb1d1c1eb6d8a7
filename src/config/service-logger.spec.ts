import { describe, expect, it, jest } from '@jest/globals';
import type { LoggerService } from '@nestjs/common';
import fc from 'fast-check';
import { LineWriter } from '../common/line-writer.js';
import { withLogContext } from '../common/log-context.js';
import { printable } from '../common/printable.js';
import { serviceLogger } from './service-logger.js';

class Lines extends LineWriter {
  readonly written: Record<string, unknown>[] = [];

  override write(_: unknown, line: string): void {
    this.written.push(JSON.parse(line) as Record<string, unknown>);
  }
}

function linesOf(log: (logger: LoggerService) => void): Record<string, unknown>[] {
  const lines = new Lines();
  log(serviceLogger({ logJson: true, logLevel: 'info' }, lines));
  return lines.written;
}

const frame = { level: 'info', pid: process.pid, timestamp: expect.stringMatching(/^20.*Z$/), context: 'Test' };

describe('serviceLogger', () => {
  it('writes a line of the message, its facts, and those of the work that goes on', () => {
    const [line] = linesOf((logger) => {
      withLogContext({ requestId: 'r1' }, () => {
        logger.log('accepted', { container: 'web', position: 1, coalesced: false, digest: undefined }, 'Test');
      });
    });
    expect(line).toEqual({
      ...frame,
      message: 'accepted',
      requestId: 'r1',
      container: 'web',
      position: 1,
      coalesced: false,
    });
  });

  it('writes plain facts and nested ones in the same words and the same order', () => {
    const [plain = {}, nested = {}] = linesOf((logger) => {
      logger.log('look', { a: 'one', b: 2 }, 'Test');
      logger.log('look', { a: 'one', b: [2] }, 'Test');
    });
    expect({ ...plain, timestamp: '' }).toEqual({ ...nested, timestamp: '', b: 2 });
    expect(Object.keys(plain)).toEqual(Object.keys(nested));
  });

  it('writes any text so that it can be read back', () => {
    const texts = fc.array(fc.string({ unit: 'binary' }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(texts, ([message = '', name = '', value = '']) => {
        const [line] = linesOf((logger) => {
          logger.log(message, { [`fact ${name}`]: value }, 'Test');
        });
        expect(line).toEqual({ ...frame, message: printable(message), [printable(`fact ${name}`)]: printable(value) });
      }),
      { numRuns: 30 },
    );
    const [odd] = linesOf((logger) => {
      logger.log('\ud800"\n', { half: '\udfff', nothing: NaN, quote: '"', 'a"b': 1 }, 'Test');
    });
    expect(odd).toEqual({ ...frame, message: '\ud800"\\n', half: '\udfff', nothing: null, quote: '"', 'a"b': 1 });
  });

  it.each([true, false])('lets nobody forge a line or steer a terminal, as JSON: %s', (logJson) => {
    const written: string[] = [];
    const lines = new (class extends LineWriter {
      override write(_: unknown, line: string): void {
        written.push(`${line}\n`);
      }
    })();
    const spies = [process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0),
    );
    const logger = serviceLogger({ logJson, logLevel: 'debug' }, lines);
    const evil = 'x\u202e\u2066\u200e\u2028\u0085\r\nFORGED \u001b[31mred';
    logger.log(evil, { fact: evil, nested: [evil] }, 'Test');
    logger.log(evil, { fact: evil }, 'Test');
    logger.error(evil, `Error: ${evil}\n    at x`, 'Test');
    for (const spy of spies) spy.mockRestore();
    const text = written.join('');
    expect(text).toContain('\\u202e');
    expect(text).not.toMatch(/[\u0080-\u009f\u200e\u2028\u202e\u2066]|^FORGED/m);
    expect(text).not.toContain('\u001b[31mred');
  });

  it.each(['token', 'Authorization', 'PASSWORD', 'secret'])('does not tell a fact that is named %s', (name) => {
    const lines = linesOf((logger) => {
      logger.log('plain', { [name]: 'hunter2-hunter2' }, 'Test');
      logger.log('nested', { of: { [name]: 'hunter2-hunter2' } }, 'Test');
    });
    expect(lines).toHaveLength(2);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('lets no fact take the place of the message, its level or its time', () => {
    for (const extra of [1, [1]]) {
      const [line] = linesOf((logger) => {
        logger.log('true', { message: 'false', level: 'error', timestamp: 'never', pid: 0, extra }, 'Test');
      });
      expect(line).toEqual({ ...frame, message: 'true', extra });
    }
  });

  it('tells errors with their stack, and messages that are no text', () => {
    const lines = linesOf((logger) => {
      logger.error('it failed', 'Error: it failed\n    at somewhere', 'Test');
      logger.log({ some: 'thing' }, 'Test');
    });
    expect(lines).toMatchObject([
      { level: 'error', message: 'it failed', stack: expect.stringContaining('at somewhere') },
      { message: { some: 'thing' } },
    ]);
  });
});
