import { describe, expect, it } from '@jest/globals';
import { readLabel, readLabels } from './label-values.js';
import { labels } from './labels.js';

describe('readLabels', () => {
  it('says nothing of what has no label', () => {
    expect(readLabels({ 'example.team': 'web' })).toEqual({});
  });

  it('reads every label that an update heeds', () => {
    const texts = {
      [labels.enable]: 'Yes',
      [labels.settle]: '0',
      [labels.timeout]: '2m',
      [labels.unhealthyGrace]: '1m',
      [labels.proofRestarts]: ' 2',
      [labels.proof]: 'Running',
      [labels.onFailure]: 'stop',
      [labels.order]: 'start-first',
      [labels.drain]: '1.5s',
      [labels.shareVolumes]: 'on',
      [labels.keepMac]: 'TRUE',
      [labels.allowAutoRemove]: '1',
      [labels.start]: 'Yes',
      [labels.copiedFiles]: ' None',
      [labels.renewVolumes]: '/srv, /cache',
      [labels.previous]: 'anything',
      [labels.replacedVolumes]: 'anything',
    };
    expect(readLabels(texts)).toEqual({
      enable: true,
      settle: 0,
      timeout: 120_000,
      unhealthyGrace: 60_000,
      proofRestarts: 2,
      proof: 'running',
      onFailure: 'stop',
      order: 'start-first',
      drain: 1500,
      shareVolumes: true,
      keepMac: true,
      allowAutoRemove: true,
      start: true,
      copiedFiles: 'none',
      renewVolumes: ['/srv', '/cache'],
    });
  });

  it.each([
    [labels.copiedFiles, 'app.conf', 'none, or absolute paths'],
    [labels.renewVolumes, 'none', 'absolute paths'],
    [labels.start, 'always', 'true or false'],
    [labels.proof, 'maybe', 'healthy, running or none'],
    [labels.settle, 'soon', 'a duration such as 30s'],
    [labels.timeout, '25h', 'at most 24h'],
    [labels.timeout, '-1s', 'a duration'],
    [labels.timeout, '0', 'longer than 0'],
    [labels.proofRestarts, 'many', 'a whole number from 0 to 100'],
    [labels.proofRestarts, '101', 'a whole number from 0 to 100'],
    [labels.proofRestarts, '-1', 'a whole number from 0 to 100'],
    [labels.drain, '', 'a duration'],
    [labels.onFailure, 'ignore', 'rollback or stop'],
    [labels.order, 'first', 'stop-first or start-first'],
    [labels.enable, 'disabled', 'true or false'],
    [labels.shareVolumes, 'perhaps', 'true or false'],
    [labels.keepMac, '', 'true or false'],
    [labels.allowAutoRemove, '2', 'true or false'],
    ['trigger-docker-pull.on-failue', 'stop', 'is unknown'],
  ])('refuses %s=%s with the name and the rule', (label, text, rule) => {
    expect(() => readLabels({ [label]: text })).toThrow(label);
    expect(() => readLabels({ [label]: text })).toThrow(rule);
  });

  it('quotes no more than the beginning of a text', () => {
    expect(() => readLabel({ [labels.proof]: 'x'.repeat(100_000) }, 'proof')).toThrow(/x{100}"$/);
  });
});
