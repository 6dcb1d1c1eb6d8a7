import { describe, expect, it } from '@jest/globals';
import { optionKinds, type OptionName } from './option-kinds.js';

const flagOptions: OptionName[] = ['enable', 'shareVolumes', 'keepMac', 'allowAutoRemove', 'start', 'disabled'];
const durationOptions: OptionName[] = ['settle', 'unhealthyGrace', 'drain'];

describe('optionKinds', () => {
  it.each([
    ...['true', 'True', 'TRUE', 't', 'T', '1', 'yes', 'Yes', 'y', 'Y', 'on', 'ON', ' true '].map(
      (text) => [text, true] as const,
    ),
    ...['false', 'False', 'FALSE', 'f', 'F', '0', 'no', 'NO', 'n', 'N', 'off', 'Off', 'false\n'].map(
      (text) => [text, false] as const,
    ),
    ...['', ' ', 'disabled', 'enabled', 'none', 'nope', '2', '-1', '00', 'tru', 'truefalse', 'null', 'constructor'].map(
      (text) => [text, undefined] as const,
    ),
  ])('reads the flag %j as %p', (text, expected) => {
    for (const name of flagOptions) expect(optionKinds[name].parse(text)).toBe(expected);
  });

  it.each([
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['0', 0],
    ['5', 5000],
    ['24h', 24 * 3_600_000],
    ['2M', 120_000],
    [' 500ms ', 500],
    ['24h1ms', undefined],
    ['25h', undefined],
    ['-1s', undefined],
    ['soon', undefined],
    ['', undefined],
    ['1 h', undefined],
    ['Infinity', undefined],
  ])('reads the duration %j as %p ms', (text, expected) => {
    for (const name of durationOptions) expect(optionKinds[name].parse(text)).toBe(expected);
  });

  it.each([
    ['0', undefined],
    ['0s', undefined],
    ['0h0m', undefined],
    ['1ms', 1],
    ['2m', 120_000],
    ['24h', 24 * 3_600_000],
    ['25h', undefined],
  ])('reads the timeout %j as %p ms', (text, expected) => {
    expect(optionKinds.timeout.parse(text)).toBe(expected);
  });

  it.each<[OptionName, string, string | undefined]>([
    ['proof', 'Healthy', 'healthy'],
    ['proof', 'running', 'running'],
    ['proof', ' none', 'none'],
    ['proof', 'true', undefined],
    ['onFailure', 'STOP', 'stop'],
    ['onFailure', 'rollback', 'rollback'],
    ['onFailure', 'roll-back', undefined],
    ['order', 'Start-First', 'start-first'],
    ['order', 'stop-first', 'stop-first'],
    ['order', '', undefined],
  ])('reads %s=%j as %p', (name, text, expected) => {
    expect(optionKinds[name].parse(text)).toBe(expected);
  });
});
