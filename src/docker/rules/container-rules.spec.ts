import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { PolicyFile } from '../../config/policy/policy-file.js';
import { noPolicy, type Policy } from '../../config/policy/policy.js';
import { ContainerRules } from './container-rules.js';
import { labels } from '../update/labels.js';

const rulesWith = (containers: Policy['containers'], requireLabel = false): ContainerRules => {
  const policy = { current: () => ({ ...noPolicy, containers }) } as unknown as PolicyFile;
  return new ContainerRules(policy, { settleTimeMs: 5000, requireLabel });
};
type Labels = Record<string, string>;
const containerWith = (Labels: Labels = {}, Image = 'registry.example/web:1') =>
  containerInspect({ Config: { Image, Labels } });
const imageWith = (Labels: Labels = {}) => ({ Config: { Labels } });

describe('what holds for a container', () => {
  const refusalOf = (
    rules: ContainerRules,
    container = containerWith(),
    image: ReturnType<typeof imageWith> | undefined = imageWith(),
  ): ReturnType<ContainerRules['refusalOf']> => rules.refusalOf(container, image, {});

  it('is that it may be updated, where nobody says anything', () => {
    expect(refusalOf(rulesWith([]))).toBeUndefined();
  });

  it('is what the policy says of its name', () => {
    expect(refusalOf(rulesWith([{ name: 'we?', disabled: true }]))).toEqual({
      code: 'refused',
      reason: 'web is disabled by the policy file',
    });
    expect(refusalOf(rulesWith([{ name: 'api', disabled: true }]))).toBeUndefined();
    expect(refusalOf(rulesWith([{ name: 'web', disabled: false }]))).toBeUndefined();
    expect(refusalOf(rulesWith([{ name: 'web', repositories: ['registry.example/*'] }]))).toBeUndefined();
    expect(refusalOf(rulesWith([{ name: 'web', repositories: ['docker.io/*'] }]))?.reason).toMatch(
      /^web runs registry.example\/web:1, and/,
    );
  });

  it('is what it says of itself, before all that the policy says', () => {
    const optedOut = containerWith({ [labels.enable]: 'no' });
    expect(refusalOf(rulesWith([]), optedOut)?.reason).toContain('enable=no');
    expect(refusalOf(rulesWith([{ name: '*', disabled: true }], true), optedOut)?.reason).toContain('enable=no');
    expect(rulesWith([]).refusalOf(containerWith(), imageWith(), { proxyIds: [containerWith().Id] })?.code).toBe(
      'refused',
    );
  });

  it('is that it is pinned, unless it must not be updated at all', () => {
    const pinned = containerWith({}, `registry.example/web@sha256:${'2'.repeat(64)}`);
    expect(refusalOf(rulesWith([]), pinned)?.code).toBe('image_pinned');
    expect(refusalOf(rulesWith([{ name: 'web', disabled: true }]), pinned)?.code).toBe('refused');
    expect(refusalOf(rulesWith([], true), pinned)?.reason).toContain('REQUIRE_LABEL');
  });

  it('is REQUIRE_LABEL, which a label of the image does not answer', () => {
    const enabled = { [labels.enable]: 'true' };
    expect(refusalOf(rulesWith([], true))?.reason).toContain('REQUIRE_LABEL');
    expect(refusalOf(rulesWith([], true), containerWith(enabled))).toBeUndefined();
    expect(refusalOf(rulesWith([], true), containerWith(enabled), imageWith(enabled))?.reason).toContain('its image');
    expect(
      refusalOf(rulesWith([], true), containerWith(enabled), imageWith({ [labels.enable]: 'no' })),
    ).toBeUndefined();
    expect(rulesWith([], true).refusalOf(containerWith(enabled), undefined, {})?.reason).toContain('REQUIRE_LABEL');
    expect(refusalOf(rulesWith([]), containerWith(enabled), imageWith(enabled))).toBeUndefined();
  });
});

describe('what a new image must not do to a container', () => {
  const refusalOfNewImage = (
    brought: Labels,
    {
      set = {},
      inherited = {},
      requireLabel = false,
    }: { set?: Labels; inherited?: Labels; requireLabel?: boolean } = {},
  ): string | undefined =>
    rulesWith([], requireLabel).refusalOfNewImage(
      containerWith({ ...inherited, ...set }),
      imageWith(inherited),
      imageWith(brought),
    );

  it('is nothing where it sets no label of a manager or of ours', () => {
    expect(refusalOfNewImage({})).toBeUndefined();
    expect(refusalOfNewImage({ release: '2', [labels.proof]: 'maybe', 'trigger-docker-pull.x': 'y' })).toBeUndefined();
    expect(refusalOfNewImage({ [labels.enable]: 'true' })).toBeUndefined();
  });

  it.each(['false', 'no', 'disabled', ''])('is to opt out of updates for it, by enable=%s', (text) => {
    expect(refusalOfNewImage({ [labels.enable]: text })).toContain('never be updated again');
    expect(refusalOfNewImage({ [labels.enable]: text }, { set: { [labels.enable]: 'true' } })).toBeUndefined();
    // What the user said with the present image's words cannot be told from what its author said.
    const both = { [labels.enable]: 'true' };
    expect(refusalOfNewImage({ [labels.enable]: text }, { set: both, inherited: both })).toContain('never be updated');
  });

  it.each(['com.docker.swarm.task.id', 'com.docker.swarm.service.id', 'PODMAN_SYSTEMD_UNIT', 'io.kubernetes.pod.name'])(
    'is to have it taken for a manager’s, by the label %s that it has not yet',
    (label) => {
      expect(refusalOfNewImage({ [label]: 'x' })).toContain(label);
      expect(refusalOfNewImage({ [label]: 'y' }, { inherited: { [label]: 'x' } })).toBeUndefined();
      expect(refusalOfNewImage({}, { inherited: { [label]: 'x' } })).toBeUndefined();
      const other = { 'com.amazonaws.ecs.task-arn': 'x' };
      expect(refusalOfNewImage({ ...other, [label]: 'x' }, { inherited: other })).toContain(label);
    },
  );

  it('is to blur who set the label that REQUIRE_LABEL asks for', () => {
    const enabled = { [labels.enable]: 'true' };
    expect(refusalOfNewImage({}, { set: enabled, requireLabel: true })).toBeUndefined();
    expect(refusalOfNewImage(enabled, { set: enabled, requireLabel: true })).toContain('nobody could tell');
    expect(refusalOfNewImage({ [labels.enable]: 'yes' }, { set: enabled, requireLabel: true })).toBeUndefined();
    expect(refusalOfNewImage(enabled, { set: enabled })).toBeUndefined();
  });
});

describe('a label that was set on a container and that its new image sets too', () => {
  const refusalOf = (set: Labels, brought: Labels, rules = rulesWith([])): string | undefined =>
    rules.refusalOfNewImage(containerWith(set), imageWith(), imageWith(brought));

  it.each([
    ['settle', '60s'],
    ['on-failure', 'stop'],
    ['copied-files', '/etc/app.conf'],
    ['keep-mac', 'true'],
    ['allow-auto-remove', 'yes'],
    ['share-volumes', 'true'],
  ])('is not lost to the image: %s=%s', (name, text) => {
    const label = { [`trigger-docker-pull.${name}`]: text };
    expect(refusalOf(label, label)).toContain(name);
    expect(refusalOf(label, { [`trigger-docker-pull.${name}`]: 'other' })).toBeUndefined();
    expect(refusalOf({}, label)).toBeUndefined();
  });

  it.each([
    ['on-failure', 'rollback'],
    ['settle', '5s'],
    ['keep-mac', 'false'],
    ['log-tail', 'false'],
    ['previous', 'x'],
  ])('is no matter where it says what holds anyway: %s=%s', (name, text) => {
    const label = { [`trigger-docker-pull.${name}`]: text };
    expect(refusalOf(label, label)).toBeUndefined();
  });

  it('is no matter where the policy decides', () => {
    const label = { [labels.settle]: '60s' };
    expect(refusalOf(label, label, rulesWith([{ name: 'web', settle: 1000 }]))).toBeUndefined();
  });
});

describe('an image that a container does not follow', () => {
  const rules = rulesWith([{ name: 'web', repositories: ['registry.example/*'] }]);
  const digest = `sha256:${'3'.repeat(64)}`;

  it('is let run where the policy lets it be updated from one of its repositories', () => {
    expect(rules.refusalOfImage('web', [`registry.example/web@${digest}`])).toBeUndefined();
    expect(rules.refusalOfImage('web', [digest, `registry.example/web@${digest}`])).toBeUndefined();
    expect(rules.refusalOfImage('api', [`evil.example/web@${digest}`])).toBeUndefined();
  });

  it('is refused otherwise', () => {
    expect(rules.refusalOfImage('web', [`evil.example/web@${digest}`])).toContain('registry.example/* alone');
    expect(rules.refusalOfImage('web', [digest])).toContain(digest);
    expect(rules.refusalOfImage('web', [digest, `evil.example/web@${digest}`])).toContain(digest);
  });
});
