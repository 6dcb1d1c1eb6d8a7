import { describe, expect, it } from '@jest/globals';
import { newImage, serviceInspect, serviceSpec } from '../../../test/support/fixtures/services.js';
import { mayTellOutput } from './service-output.js';
import type { ServiceSpec } from '../engine/swarm-types.js';

function withFiles(files: object): ServiceSpec {
  const spec = serviceSpec(newImage);
  const { ContainerSpec } = spec.TaskTemplate;
  if (ContainerSpec) spec.TaskTemplate = { ...spec.TaskTemplate, ContainerSpec: { ...ContainerSpec, ...files } };
  return spec;
}

describe('the output of a service', () => {
  it.each([
    ['neither secrets nor configs', {}, true],
    ['empty lists', { Secrets: [], Configs: null }, true],
    ['a secret', { Secrets: [{ SecretName: 'x' }] }, false],
    ['a config', { Configs: [{ ConfigName: 'x' }] }, false],
  ])('with %s is told: %p', (_, files, isTold) => {
    expect(mayTellOutput(serviceInspect({ Spec: withFiles(files) }), undefined)).toBe(isTold);
    const before = serviceInspect({ Spec: withFiles({}), PreviousSpec: withFiles(files) });
    expect(mayTellOutput(before, undefined)).toBe(isTold);
  });

  it('is told, or not, as the label says', () => {
    expect(mayTellOutput(serviceInspect({ Spec: withFiles({ Secrets: [{}] }) }), true)).toBe(true);
    expect(mayTellOutput(serviceInspect({ Spec: withFiles({}) }), false)).toBe(false);
  });
});
