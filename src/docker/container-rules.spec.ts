import { describe, expect, it } from '@jest/globals';
import { oldImage, serviceSpec } from '../../test/support/services.js';
import type { PolicyFile } from '../config/policy/policy-file.js';
import { noPolicy, type Policy } from '../config/policy/policy.js';
import { ContainerRules } from './container-rules.js';
import { labels } from './labels.js';

const rulesWith = (containers: Policy['containers'], requireLabel = false): ContainerRules => {
  const policy = { current: () => ({ ...noPolicy, containers }) } as unknown as PolicyFile;
  return new ContainerRules(policy, { settleTimeMs: 5000, requireLabel });
};
const labelled = (name: string, value: string): ReturnType<typeof serviceSpec> =>
  serviceSpec(oldImage, { Labels: { [name]: value } });

describe('what holds for a service', () => {
  it('is what the policy says of its name', () => {
    const refusalOfService = (rule: object): ReturnType<ContainerRules['refusalOfService']> =>
      rulesWith([{ name: 'we?', ...rule }]).refusalOfService(serviceSpec(), {});
    expect(refusalOfService({})).toBeUndefined();
    expect(refusalOfService({ disabled: true })).toEqual({
      code: 'refused',
      reason: 'the service web is disabled by the policy file',
    });
    expect(refusalOfService({ repositories: ['registry.example/*'] })).toBeUndefined();
    expect(refusalOfService({ repositories: ['docker.io/*'] })?.reason).toContain('runs registry.example/web:1, and');
  });

  it('is what its labels say', () => {
    expect(rulesWith([]).refusalOfService(labelled(labels.enable, 'false'), {})?.code).toBe('refused');
    expect(rulesWith([], true).refusalOfService(serviceSpec(), {})?.reason).toContain('REQUIRE_LABEL');
    expect(rulesWith([], true).refusalOfService(labelled(labels.enable, 'true'), {})).toBeUndefined();
    expect(rulesWith([]).optionsOfService(labelled(labels.timeout, '2m'))).toMatchObject({
      options: { timeoutMs: 120_000, settleMs: 5000 },
      warnings: [],
    });
  });

  it('is nothing that Swarm decides: a label for that is warned of', () => {
    expect(rulesWith([]).optionsOfService(labelled(labels.order, 'start-first')).warnings).toEqual([
      expect.stringContaining('its update_config decides'),
    ]);
  });

  it('is never guessed', () => {
    expect(() => rulesWith([]).optionsOfService(labelled(labels.timeout, 'soon'))).toThrow(labels.timeout);
  });
});
