import { describe, expect, it } from '@jest/globals';
import { labels } from '../update/labels.js';
import { optionsOf } from './update-options.js';

const settings = { settleTimeMs: 5000 };

describe('optionsOf', () => {
  it('lets the policy win over labels, and labels over the settings', () => {
    const texts = {
      [labels.settle]: '1s',
      [labels.timeout]: '3s',
      [labels.proof]: 'running',
      [labels.order]: 'stop-first',
    };
    expect(optionsOf(texts, {}, settings)).toMatchObject({
      settleMs: 1000,
      timeoutMs: 3000,
      proof: 'running',
      order: 'stop-first',
      onFailure: 'rollback',
    });
    expect(optionsOf(texts, { settle: 2000, order: 'start-first' }, settings)).toMatchObject({
      settleMs: 2000,
      timeoutMs: 3000,
      proof: 'running',
      order: 'start-first',
    });
    expect(optionsOf(texts, { settle: 0, timeout: 4000, proof: 'none', onFailure: 'stop' }, settings)).toMatchObject({
      settleMs: 0,
      timeoutMs: 4000,
      proof: 'none',
      onFailure: 'stop',
    });
    const named = { [labels.copiedFiles]: '/etc/app.conf' };
    expect(optionsOf(named, {}, settings).copiedFiles).toEqual(['/etc/app.conf']);
    expect(optionsOf(named, { copiedFiles: 'none', renewVolumes: ['/srv'] }, settings)).toMatchObject({
      copiedFiles: 'none',
      renewVolumes: ['/srv'],
    });
    const patient = { [labels.unhealthyGrace]: '1m', [labels.proofRestarts]: '2' };
    expect(optionsOf(patient, { unhealthyGrace: 0, proofRestarts: 0 }, settings)).toMatchObject({
      unhealthyGraceMs: 0,
      proofRestarts: 0,
    });
    expect(optionsOf({ [labels.start]: 'true' }, { start: false }, settings).startStopped).toBe(false);
  });

  it('has a default for all that a container does not say', () => {
    expect(optionsOf({ 'example.team': 'web' }, {}, settings)).toEqual({
      proof: undefined,
      settleMs: 5000,
      timeoutMs: undefined,
      unhealthyGraceMs: undefined,
      proofRestarts: 0,
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
      [labels.unhealthyGrace]: '1m',
      [labels.proofRestarts]: '2',
      [labels.order]: 'start-first',
      [labels.drain]: '1.5s',
      [labels.shareVolumes]: 'True',
      [labels.enable]: 'true',
      [labels.copiedFiles]: ' none',
      [labels.renewVolumes]: '/srv, /cache',
      [labels.start]: 'true',
    };
    expect(optionsOf(texts, {}, settings)).toEqual({
      proof: 'running',
      settleMs: 0,
      timeoutMs: 120_000,
      unhealthyGraceMs: 60_000,
      proofRestarts: 2,
      onFailure: 'rollback',
      order: 'start-first',
      drainMs: 1500,
      sharesVolumes: true,
      copiedFiles: 'none',
      renewVolumes: ['/srv', '/cache'],
      startStopped: true,
    });
    expect(optionsOf({ [labels.shareVolumes]: 'off', [labels.onFailure]: 'stop' }, {}, settings)).toMatchObject({
      sharesVolumes: false,
      onFailure: 'stop',
    });
  });

  it('keeps its output to itself if anybody says so, unless the policy says otherwise', () => {
    const all = (text: string) => ({ [labels.logTail]: text });
    expect(optionsOf({}, {}, settings, all('no')).tellsOutput).toBe(false);
    expect(optionsOf({}, { logTail: true }, settings, all('no')).tellsOutput).toBe(true);
    for (const text of ['true', 'maybe']) expect(optionsOf({}, {}, settings, all(text)).tellsOutput).toBeUndefined();
  });

  it('refuses a label that it does not understand, even one that the policy overrules', () => {
    expect(() => optionsOf({ [labels.proof]: 'maybe' }, { proof: 'none' }, settings)).toThrow(labels.proof);
    expect(() => optionsOf({ [labels.keepMac]: 'maybe' }, {}, settings)).toThrow(labels.keepMac);
  });

  it('refuses to start first what is to be left stopped on failure', () => {
    const both = { [labels.order]: 'start-first', [labels.onFailure]: 'stop' };
    expect(() => optionsOf(both, {}, settings)).toThrow('cannot be combined');
    expect(() => optionsOf({ [labels.order]: 'start-first' }, { onFailure: 'stop' }, settings)).toThrow(labels.order);
  });
});
