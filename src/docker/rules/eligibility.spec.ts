import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { ineligible, type EligibilityContext } from './eligibility.js';
import { labels } from '../update/labels.js';

type Overrides = Parameters<typeof containerInspect>[0];
const labelled = (label: string, value = 'x'): Overrides => ({
  Config: { Image: 'app:1', Labels: { [label]: value } },
});
const refusalOf = (container: Overrides, context?: EligibilityContext, image: object | undefined = {}) =>
  ineligible(containerInspect(container), image, context);
/** With the very labels that its image has. */
const refusalOfInherited = (container: Overrides) =>
  refusalOf(container, undefined, { Config: { Labels: container?.Config?.Labels } });
const ofManagers = [
  'com.docker.swarm.task.id',
  'com.docker.swarm.service.id',
  'io.kubernetes.pod.name',
  'com.hashicorp.nomad.alloc_id',
  'com.amazonaws.ecs.task-arn',
  'PODMAN_SYSTEMD_UNIT',
  'com.docker.compose.hook',
];

describe('ineligible', () => {
  it.each<[string, Overrides]>([
    ['plain', {}],
    ['stopped', { State: { Running: false, Status: 'exited' } }],
    ['created', { State: { Running: false, Status: 'created' } }],
    ['restarting', { State: { Restarting: true, Status: 'restarting' } }],
    ['made by Compose', labelled('com.docker.compose.oneoff', 'False')],
    ...['true', 'TRUE', 'yes', 'On', '1', 'y', 't'].map((text): [string, Overrides] => [
      `enabled by ${text}`,
      labelled(labels.enable, text),
    ]),
    ['no member of a Swarm for a label of a like name', labelled('com.docker.swarm.task')],
    ['running, and not dead', { State: { Dead: false, Status: 'running' } }],
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
    ...['FALSE', 'no', 'off', '0', 'n', 'f', ' No '].map((text): [string, Overrides, RegExp] => [
      `opted out by ${text}`,
      labelled(labels.enable, text),
      /wants it left alone/,
    ]),
    ...['disabled', '', 'maybe', 'nope', '2'].map((text): [string, Overrides, RegExp] => [
      `labelled ${JSON.stringify(text)}, which nobody understands`,
      labelled(labels.enable, text),
      /enable must be true or false.*recreate it/,
    ]),
    [
      'labelled with what nobody understands',
      labelled(labels.proof, 'maybe'),
      /proof must be healthy, running or none/,
    ],
    ['labelled with an unknown flag', labelled(labels.keepMac, 'perhaps'), /keep-mac must be true or false/],
    ['labelled with a name that is unknown', labelled('trigger-docker-pull.prof', 'none'), /prof is unknown/],
    ['dead', { State: { Dead: true, Status: 'dead' } }, /dead.*by hand/],
    ['dead by its flag alone', { State: { Dead: true, Status: 'exited' } }, /dead.*by hand/],
    ['dead by its status alone', { State: { Dead: false, Status: 'dead' } }, /dead.*by hand/],
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

  it.each(ofManagers)('of an image with the label %s: may be updated, since no manager set it', (label) => {
    expect(refusalOfInherited(labelled(label))).toBeUndefined();
    expect(refusalOf(labelled(label), undefined, { Config: { Labels: { [label]: 'of another task' } } })?.code).toBe(
      'refused',
    );
  });

  it.each(ofManagers)(
    'with the label %s, and an image that is gone: refused, since a manager may have set it',
    (label) => {
      expect(ineligible(containerInspect(labelled(label)), undefined)?.code).toBe('refused');
    },
  );

  it('opted out by its image: refused all the same, since anybody may say no', () => {
    for (const text of ['false', 'no', 'disabled'])
      expect(refusalOfInherited(labelled(labels.enable, text))?.code).toBe('refused');
  });

  it('enabled by its user against its image: may be updated', () => {
    const image = { Config: { Labels: { [labels.enable]: 'false' } } };
    expect(refusalOf(labelled(labels.enable, 'true'), undefined, image)).toBeUndefined();
  });

  it('of an image with labels of ours that nobody understands: may be updated', () => {
    for (const [label, text] of [
      [labels.proof, 'maybe'],
      ['trigger-docker-pull.prof', 'none'],
    ] as const)
      expect(refusalOfInherited(labelled(label, text))).toBeUndefined();
  });

  it('run with --rm: not allowed by a label of the image', () => {
    const container = { ...labelled(labels.allowAutoRemove, 'true'), HostConfig: { AutoRemove: true } };
    expect(refusalOfInherited(container)?.reason).toMatch(/was run with --rm/);
    expect(refusalOf({ ...labelled(labels.allowAutoRemove, 'no'), HostConfig: { AutoRemove: true } })?.reason).toMatch(
      /was run with --rm/,
    );
    for (const text of ['yes', '1', 'ON'])
      expect(
        refusalOf({ ...labelled(labels.allowAutoRemove, text), HostConfig: { AutoRemove: true } }),
      ).toBeUndefined();
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
    expect(refusalOf({ Id }, { proxyIds: [Id] })?.reason).toMatch(/the proxy through which/);
    expect(refusalOf({ Id }, { selfId: Id })?.reason).toMatch(/this service/);
  });

  it('refuses a container that may have made the socket, and no other', () => {
    const Id = 'c'.repeat(64);
    expect(refusalOf({ Id }, { socketMakerIds: [Id] })).toMatchObject({ code: 'refused' });
    expect(refusalOf({ Id }, { socketMakerIds: ['d'.repeat(64)] })).toBeUndefined();
  });

  it.each([
    ['has more than hex digits before it', `x${'c'.repeat(12)}`, `x${'c'.repeat(12)}`],
    ['has more than hex digits behind it', `${'c'.repeat(12)}x`, `${'c'.repeat(12)}x`],
    ['is the end of an id', 'c'.repeat(12), `${'d'.repeat(52)}${'c'.repeat(12)}`],
    ['is too short for an id', 'c'.repeat(11), 'c'.repeat(64)],
    ['is a whole id', 'c'.repeat(64), 'c'.repeat(64)],
  ])('takes no name of a network for a short id that %s', (_, network, NetworkID) => {
    expect(refusalOf({ NetworkSettings: { Networks: { [network]: { NetworkID } } } })).toBeUndefined();
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
