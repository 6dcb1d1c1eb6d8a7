import { describe, expect, it } from '@jest/globals';
import { labels } from './labels.js';
import { optionsOf, updateOptions } from './update-options.js';

const settings = { settleTimeMs: 5000 };

describe('optionsOf', () => {
  it('lets the policy win over labels, and labels over the settings', () => {
    const container = { Config: { Image: 'web', Labels: { [labels.settle]: '1s', [labels.proof]: 'running' } } };
    expect(optionsOf(container, {}, settings)).toMatchObject({ settleMs: 1000, proof: 'running' });
    expect(optionsOf(container, { settle: '2s', order: 'start-first' }, settings)).toMatchObject({
      settleMs: 2000,
      proof: 'running',
      order: 'start-first',
    });
    const named = { Config: { Image: 'web', Labels: { [labels.copiedFiles]: '/etc/app.conf' } } };
    expect(optionsOf(named, {}, settings).copiedFiles).toEqual(['/etc/app.conf']);
    expect(optionsOf(named, { copiedFiles: 'none', renewVolumes: '/srv' }, settings)).toMatchObject({
      copiedFiles: 'none',
      renewVolumes: ['/srv'],
    });
    const unwanted = { Config: { Image: 'web', Labels: { [labels.start]: 'true' } } };
    expect(optionsOf(unwanted, { start: false }, settings).startStopped).toBe(false);
  });
});

describe('updateOptions', () => {
  it('has a default for all that a container does not say', () => {
    expect(updateOptions({ 'example.team': 'web' }, settings)).toEqual({
      proof: undefined,
      settleMs: 5000,
      timeoutMs: undefined,
      onFailure: 'rollback',
      order: 'stop-first',
      drainMs: 10_000,
      sharesVolumes: false,
      copiedFiles: undefined,
      renewVolumes: [],
      startStopped: false,
    });
  });

  it('takes what a container says', () => {
    const texts = {
      [labels.proof]: 'running',
      [labels.settle]: '0',
      [labels.timeout]: '2m',
      [labels.order]: 'start-first',
      [labels.drain]: '1.5s',
      [labels.shareVolumes]: 'True',
      [labels.enable]: 'true',
      [labels.copiedFiles]: ' none',
      [labels.renewVolumes]: '/srv, /cache',
      [labels.start]: 'true',
    };
    expect(updateOptions(texts, settings)).toEqual({
      proof: 'running',
      settleMs: 0,
      timeoutMs: 120_000,
      onFailure: 'rollback',
      order: 'start-first',
      drainMs: 1500,
      sharesVolumes: true,
      copiedFiles: 'none',
      renewVolumes: ['/srv', '/cache'],
      startStopped: true,
    });
  });

  it.each([
    [labels.copiedFiles, 'app.conf', 'none, or absolute paths'],
    [labels.renewVolumes, 'none', 'absolute paths'],
    [labels.proof, 'maybe', 'healthy, running or none'],
    [labels.settle, 'soon', 'a duration such as 30s'],
    [labels.timeout, '25h', 'at most 24h'],
    [labels.timeout, '-1s', 'a duration'],
    [labels.drain, '', 'a duration'],
    [labels.onFailure, 'ignore', 'rollback or stop'],
    [labels.order, 'first', 'stop-first or start-first'],
    [labels.shareVolumes, 'yes', 'true or false'],
    [labels.start, 'always', 'true or false'],
    ['trigger-docker-pull.on-failue', 'stop', 'is unknown'],
  ])('refuses %s=%s with the name and the rule', (label, text, rule) => {
    expect(() => updateOptions({ [label]: text }, settings)).toThrow(label);
    expect(() => updateOptions({ [label]: text }, settings)).toThrow(rule);
  });

  it('refuses to start first what is to be left stopped on failure', () => {
    expect(() => updateOptions({ [labels.order]: 'start-first', [labels.onFailure]: 'stop' }, settings)).toThrow(
      'exclude each other',
    );
  });
});
