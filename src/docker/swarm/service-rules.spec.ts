import { describe, expect, it } from '@jest/globals';
import { oldImage, serviceSpec } from '../../../test/support/fixtures/services.js';
import type { PolicyFile } from '../../config/policy/policy-file.js';
import { noPolicy, type Policy } from '../../config/policy/policy.js';
import { ContainerRules } from '../rules/container-rules.js';
import { labels } from '../update/labels.js';
import { optionsOfService, refusalOfService } from './service-rules.js';

const rulesWith = (containers: Policy['containers'], requireLabel = false): ContainerRules => {
  const policy = { current: () => ({ ...noPolicy, containers }) } as unknown as PolicyFile;
  return new ContainerRules(policy, { settleTimeMs: 5000, requireLabel });
};
const labelled = (name: string, value: string): ReturnType<typeof serviceSpec> =>
  serviceSpec(oldImage, { Labels: { [name]: value } });

describe('what holds for a service', () => {
  it('is what the policy says of its name', () => {
    const refusalBy = (rule: object) => refusalOfService(rulesWith([{ name: 'we?', ...rule }]), serviceSpec(), {});
    expect(refusalBy({})).toBeUndefined();
    expect(refusalBy({ disabled: true })).toEqual({
      code: 'refused',
      reason: 'the service web is disabled by the policy file',
    });
    expect(refusalBy({ repositories: ['registry.example/*'] })).toBeUndefined();
    expect(refusalBy({ repositories: ['docker.io/*'] })?.reason).toContain('runs registry.example/web:1, and');
  });

  it('is what its labels say', () => {
    expect(refusalOfService(rulesWith([]), labelled(labels.enable, 'false'), {})?.code).toBe('refused');
    expect(refusalOfService(rulesWith([], true), serviceSpec(), {})?.reason).toContain('REQUIRE_LABEL');
    expect(refusalOfService(rulesWith([], true), labelled(labels.enable, 'true'), {})).toBeUndefined();
    expect(optionsOfService(rulesWith([]), labelled(labels.timeout, '2m'))).toMatchObject({
      options: { timeoutMs: 120_000, settleMs: 5000 },
      warnings: [],
    });
  });

  it('is nothing that Swarm decides: a label for that is warned of', () => {
    expect(optionsOfService(rulesWith([]), labelled(labels.order, 'start-first')).warnings).toEqual([
      expect.stringContaining('its update_config decides'),
    ]);
  });

  it('is never guessed', () => {
    expect(() => optionsOfService(rulesWith([]), labelled(labels.timeout, 'soon'))).toThrow(labels.timeout);
  });
});
