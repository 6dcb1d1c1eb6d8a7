import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { whyNotStartable, type StartFacts } from './startable.js';

const owner = containerInspect({ Id: 'b'.repeat(64), Name: '/vpn', HostConfig: { IpcMode: 'shareable' } });
const stopped = { ...owner, State: { ...owner.State, Running: false } };
const mode = `container:${owner.Id}`;
const nothing: StartFacts = { needed: [], startedBefore: [], networks: { gone: [], replaced: [] } };
const because = (
  HostConfig: Parameters<typeof containerInspect>[0],
  facts: Partial<StartFacts> = {},
): string | undefined => whyNotStartable(containerInspect(HostConfig), { ...nothing, ...facts });

describe('whyNotStartable', () => {
  it('has nothing against a container that needs no other', () => {
    expect(because({})).toBeUndefined();
  });

  it.each(['NetworkMode', 'IpcMode', 'PidMode'])('asks of the owner of the %s that it is there and runs', (field) => {
    const container = { HostConfig: { [field]: mode } };
    expect(because(container, { needed: [owner] })).toBeUndefined();
    expect(because(container)).toMatch(/^the container bbbbbbbbbbbb, whose .* it shares, is gone; recreate/);
    expect(because(container, { needed: [stopped] })).toMatch(/^vpn, .* does not run; start vpn first/);
    const restarting = { ...owner, State: { ...owner.State, Restarting: true } };
    expect(because(container, { needed: [restarting] })).toMatch(/^vpn, .* restarts again and again/);
  });

  it('is content with an owner that the update starts before', () => {
    const container = { HostConfig: { PidMode: mode } };
    expect(because(container, { needed: [stopped], startedBefore: [owner.Id] })).toBeUndefined();
  });

  it('knows that a private IPC namespace cannot be shared', () => {
    const closed = { ...owner, HostConfig: { IpcMode: 'private' } };
    expect(because({ HostConfig: { IpcMode: mode } }, { needed: [closed] })).toMatch(/--ipc shareable/);
    expect(because({ HostConfig: { NetworkMode: mode } }, { needed: [closed] })).toBeUndefined();
  });

  it('asks of a legacy link that its container is the one that it was made for, and runs', () => {
    const container = { HostConfig: { Links: ['/vpn:/web/db'] } };
    expect(because(container, { needed: [owner] })).toBeUndefined();
    expect(because(container)).toMatch(/^the container vpn, which it has a legacy link to, is gone/);
    expect(because(container, { needed: [stopped] })).toMatch(/does not run/);
    const younger = { ...owner, Created: '2026-02-01T00:00:00Z' };
    expect(because(container, { needed: [younger] })).toMatch(/leads to an earlier container vpn/);
  });

  it('names a network that is gone, or another one by now', () => {
    expect(because({}, { networks: { gone: ['shop'], replaced: [] } })).toMatch(/^its network shop is gone/);
    expect(because({}, { networks: { gone: [], replaced: ['shop'] } })).toMatch(/^its network shop was removed/);
  });

  it.each([
    [
      'invalid mount config for type "bind": bind source path does not exist: /dev/tty USB0',
      /no longer has \/dev\/tty USB0,/,
    ],
    ['Unknown runtime specified nvidia', /no longer has its runtime/],
    ['unknown or invalid runtime name: nvidia', /no longer has its runtime/],
  ])('says of «%s» what to do', (refusal, text) => {
    expect(because({}, { refusal })).toMatch(text);
  });

  it('leaves to the creation of the replacement what else an engine may say', () => {
    expect(because({}, { refusal: 'something new' })).toBeUndefined();
  });
});
