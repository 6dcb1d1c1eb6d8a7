import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../test/support/containers.js';
import { ineligible, type EligibilityContext } from './eligibility.js';
import { labels } from './labels.js';

type Overrides = Parameters<typeof containerInspect>[0];
const labelled = (label: string, value = 'x'): Overrides => ({
  Config: { Image: 'app:1', Labels: { [label]: value } },
});
const refusalOf = (container: Overrides, context?: EligibilityContext) =>
  ineligible(containerInspect(container), context);

describe('ineligible', () => {
  it.each<[string, Overrides]>([
    ['plain', {}],
    ['stopped', { State: { Running: false, Status: 'exited' } }],
    ['created', { State: { Running: false, Status: 'created' } }],
    ['restarting', { State: { Restarting: true, Status: 'restarting' } }],
    ['made by Compose', labelled('com.docker.compose.oneoff', 'False')],
    ['enabled', labelled(labels.enable, 'true')],
    [
      'on a network with a name like an id',
      { NetworkSettings: { Networks: { ['c'.repeat(12)]: { NetworkID: 'd'.repeat(64) } } } },
    ],
  ])('%s: may be updated', (_, container) => {
    expect(refusalOf(container, { selfId: 'b'.repeat(64), proxyIds: [] })).toBeUndefined();
  });

  it.each<[string, Overrides, RegExp]>([
    ['a Swarm task', labelled('com.docker.swarm.task.id'), /Swarm.*update its service/],
    ['a Swarm service’s', labelled('com.docker.swarm.service.id'), /Swarm/],
    ['a Kubernetes pod’s', labelled('io.kubernetes.pod.name'), /Kubernetes.*workload/],
    ['a Nomad allocation’s', labelled('com.hashicorp.nomad.alloc_id'), /Nomad.*job/],
    ['an ECS task’s', labelled('com.amazonaws.ecs.task-arn'), /ECS/],
    ['a systemd unit’s', labelled('PODMAN_SYSTEMD_UNIT'), /systemd.*unit/],
    ['a one-off of Compose', labelled('com.docker.compose.oneoff', 'True'), /one-off.*service/],
    ['a hook of Compose', labelled('com.docker.compose.hook'), /one-off/],
    ['opted out', labelled(labels.enable, 'false'), /trigger-docker-pull\.enable=false/],
    ['dead', { State: { Dead: true, Status: 'dead' } }, /dead.*by hand/],
    ['being removed', { State: { Status: 'removing' } }, /being removed/],
    ['paused', { State: { Paused: true, Status: 'paused' } }, /paused.*unpause/],
    ['run with --rm', { HostConfig: { AutoRemove: true } }, /run it without --rm.*allow-auto-remove=true/],
    [
      'created with --rm, and not started',
      { ...labelled(labels.allowAutoRemove, 'true'), HostConfig: { AutoRemove: true }, State: { Running: false } },
      /start it first/,
    ],
    [
      'attached by a network’s short id',
      { NetworkSettings: { Networks: { ['c'.repeat(12)]: { NetworkID: 'c'.repeat(64) } } } },
      /short id.*name/,
    ],
  ])('%s: refused with the reason', (_, container, reason) => {
    expect(refusalOf(container)).toEqual({ code: 'refused', reason: expect.stringMatching(reason) as unknown });
    expect(refusalOf(container)?.reason).toMatch(/^web (is|has|was) /);
  });

  it('run with --rm: allowed by a label, except for the service itself', () => {
    const container = { ...labelled(labels.allowAutoRemove, 'true'), HostConfig: { AutoRemove: true } };
    expect(refusalOf(container)).toBeUndefined();
    const Id = 'c'.repeat(64);
    expect(refusalOf({ ...container, Id }, { selfId: Id, maySelfUpdate: true })?.reason).toMatch(/without --rm/);
  });

  it.each(['new', 'old'])('CodesWhat/drydock#503: a temporary name (%s) is never a target', (role) => {
    const refusal = refusalOf({ Name: `/web-upd-${role}-${'a'.repeat(12)}` });
    expect(refusal).toEqual({ code: 'refused', reason: expect.stringContaining('notify web instead') as unknown });
  });

  it('CodesWhat/drydock#245: neither the proxy to the engine nor this service’s own container', () => {
    const Id = 'c'.repeat(64);
    expect(refusalOf({ Id }, { proxyIds: [Id] })?.reason).toMatch(/is the proxy/);
    expect(refusalOf({ Id }, { selfId: Id })?.reason).toMatch(/this service/);
  });

  it.each([
    `sha256:${'1'.repeat(64)}`,
    '1'.repeat(12),
    `app@sha256:${'2'.repeat(64)}`,
    `app:1@sha256:${'2'.repeat(64)}`,
  ])('Finsys/dockhand#273: pinned: %s', (Image) => {
    expect(refusalOf({ Config: { Image } })).toEqual({
      code: 'image_pinned',
      reason: expect.stringContaining('from a tag') as unknown,
    });
  });
});
