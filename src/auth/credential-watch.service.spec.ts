import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Response } from 'express';
import { EventEmitter } from 'node:events';
import type { Caller, Identity } from './caller.js';
import { CredentialWatch } from './credential-watch.service.js';
import type { StaticTokens } from './static-tokens.js';

const tokens = { refresh: () => undefined } as unknown as StaticTokens;

function response(): Response & EventEmitter {
  return Object.assign(new EventEmitter(), { destroyed: false }) as unknown as Response & EventEmitter;
}

function identity(...actions: Identity['grants'][number]['actions']): Identity {
  return { id: 'ci', grants: [{ containers: ['web'], actions }], isUnrestricted: false };
}

describe('CredentialWatch', () => {
  let present: Identity | undefined;
  let caller: Caller;

  beforeEach(() => {
    jest.useFakeTimers();
    present = identity('notify', 'read');
    caller = { ...present, address: '127.0.0.1', renew: () => present };
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('ends a request within a second of the end of its credential, and not before', async () => {
    const signal = new CredentialWatch(tokens).whileValid(caller, 'web', response());
    await jest.advanceTimersByTimeAsync(60_000);
    expect(signal.aborted).toBe(false);
    present = undefined;
    await jest.advanceTimersByTimeAsync(1000);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'unauthorized' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends it where the credential grants less for its container than at the beginning, but not where it grants more', async () => {
    const signal = new CredentialWatch(tokens).whileValid(caller, 'web', response());
    present = identity('notify', 'read', 'rollback');
    await jest.advanceTimersByTimeAsync(2000);
    expect(signal.aborted).toBe(false);
    present = identity('notify');
    await jest.advanceTimersByTimeAsync(1000);
    expect(signal.aborted).toBe(true);
  });

  it('watches for as long as the answer is open, with one timer for all, and then with none', async () => {
    const watch = new CredentialWatch(tokens);
    const [first, second] = [response(), response()];
    const signals = [watch.whileValid(caller, 'web', first), watch.whileValid(caller, 'web', second)];
    expect(jest.getTimerCount()).toBe(1);
    first.emit('close');
    expect(jest.getTimerCount()).toBe(1);
    second.emit('close');
    expect(jest.getTimerCount()).toBe(0);
    present = undefined;
    await jest.advanceTimersByTimeAsync(5000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });
});
