import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { AuditLog } from './audit-log.service.js';
import type { Identity } from './caller.js';

const grants = [{ containers: ['web'], actions: ['notify'] as const }];
const token = (id: string): Identity => ({ id, grants, isUnrestricted: false });
const pipeline = (repository: string, granted = grants): Identity => ({
  ...{ id: `${repository}#1`, grants: granted, isUnrestricted: false },
  pipeline: { issuer: 'https://ci.example', repository },
});

describe('AuditLog', () => {
  let written: string[];
  beforeEach(() => {
    written = [];
    jest.spyOn(Logger.prototype, 'debug').mockReturnValue();
    for (const level of ['log', 'warn'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => written.push(String(message)));
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('gives a caller 120 lines a minute, and then one at each doubling', () => {
    const audit = new AuditLog();
    const lines = Array.from({ length: 2000 }, () => audit.allowed(token('ci'), 'allowed', {}));
    expect(written).toHaveLength(120 + 4);
    expect(lines.filter(({ isDue }) => isDue)).toHaveLength(120 + 4);
    expect(lines[1023]).toEqual({ isDue: true, count: 1024 });
  });

  it('hides neither another caller nor a denial behind the lines of one', () => {
    const audit = new AuditLog();
    for (let sent = 0; sent < 2000; sent++) audit.allowed(token('ci'), 'allowed', {});
    expect(audit.denied(token('ci'), 'denied', {})).toEqual({ isDue: true });
    expect(audit.allowed(token('other'), 'allowed', {})).toEqual({ isDue: true });
    expect(audit.allowed(pipeline('acme/web'), 'allowed', {})).toEqual({ isDue: true });
  });

  it('bounds the lines of all pipelines of an issuer together that may do nothing', () => {
    const audit = new AuditLog();
    for (let sent = 0; sent < 2000; sent++) audit.denied(pipeline(`evil/repo-${sent}`, []), 'denied', {});
    expect(written).toHaveLength(120 + 4);
    expect(audit.denied(pipeline('acme/web'), 'denied', {})).toEqual({ isDue: true });
  });

  it('bounds the lines of refused and undecided requests, whatever the address', () => {
    const audit = new AuditLog();
    for (let sent = 0; sent < 5000; sent++) audit.refused('refused', {});
    expect(written).toHaveLength(1200 + 2);
    for (let sent = 0; sent < 1000; sent++) audit.undecided('undecided', {});
    expect(written).toHaveLength(1202 + 120 + 3);
  });
});
