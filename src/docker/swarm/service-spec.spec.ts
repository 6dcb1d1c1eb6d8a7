import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newDigest, oldDigest, oldImage, serviceSpec, withoutImage } from '../../../test/support/fixtures/services.js';
import { labels } from '../update/labels.js';
import { serviceImage, serviceLabels, withImage } from './service-spec.js';
import type { ServiceSpec } from '../engine/swarm-types.js';

const amd64 = [{ architecture: 'amd64', os: 'linux' }];

describe('serviceImage', () => {
  it('tells what a service follows from what it runs', () => {
    expect(serviceImage(serviceSpec(oldImage))).toMatchObject({
      followed: 'registry.example/web:1',
      digest: oldDigest,
    });
    expect(serviceImage(serviceSpec('nginx'))).toMatchObject({ followed: 'nginx', digest: undefined });
  });
});

describe('withImage', () => {
  it.each([
    [oldImage, `registry.example/web:1@${newDigest}`],
    ['nginx', `nginx:latest@${newDigest}`],
    ['127.0.0.1:5000/web', `127.0.0.1:5000/web:latest@${newDigest}`],
    ['127.0.0.1:5000/web:2', `127.0.0.1:5000/web:2@${newDigest}`],
  ])('keeps the name and the tag of %s as they were written', (before, after) => {
    expect(withImage(serviceSpec(before), newDigest, amd64).TaskTemplate.ContainerSpec?.Image).toBe(after);
  });

  it('names platforms as nodes do: without attestations, and without the architecture of ARM', () => {
    const served = [
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm', os: 'linux', variant: 'v7' },
      { architecture: 'unknown', os: 'unknown' },
    ];
    expect(withImage(serviceSpec(), newDigest, served).TaskTemplate.Placement?.Platforms).toEqual([
      { Architecture: 'amd64', OS: 'linux' },
      { OS: 'linux' },
    ]);
  });

  it('leaves the platforms alone where the registry tells none', () => {
    const before = serviceSpec();
    expect(withImage(before, newDigest, []).TaskTemplate.Placement).toEqual(before.TaskTemplate.Placement);
  });

  it('changes nothing else, whatever a specification holds, and not the one that it is given', () => {
    const anything = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(anything, anything, anything, anything, (spec, template, container, placement) => {
        const { TaskTemplate, ...rest } = serviceSpec();
        const before = {
          ...spec,
          ...rest,
          TaskTemplate: {
            ...template,
            ...TaskTemplate,
            ContainerSpec: { ...container, Image: oldImage },
            Placement: { ...placement, Platforms: [{ OS: 'linux' }] },
          },
        } as ServiceSpec;
        const copy = structuredClone(before);
        const after = withImage(before, newDigest, amd64);
        expect(withoutImage(after)).toEqual(withoutImage(before));
        expect(before).toEqual(copy);
      }),
    );
  });
});

describe('serviceLabels', () => {
  const both = (own: Record<string, string>, containers: Record<string, string>): Record<string, string> => {
    const { TaskTemplate } = serviceSpec();
    const ContainerSpec = { Image: oldImage, Labels: containers };
    return serviceLabels(serviceSpec(oldImage, { Labels: own, TaskTemplate: { ...TaskTemplate, ContainerSpec } }));
  };

  it("lets the service's own win over its containers'", () => {
    expect(both({ [labels.timeout]: '1m' }, { [labels.timeout]: '2m', [labels.settle]: '1s' })).toEqual({
      [labels.timeout]: '1m',
      [labels.settle]: '1s',
    });
  });

  it('takes a no from either', () => {
    expect(both({ [labels.enable]: 'true' }, { [labels.enable]: 'False' })[labels.enable]).toBe('False');
    expect(both({ [labels.enable]: 'off' }, { [labels.enable]: 'true' })[labels.enable]).toBe('off');
    expect(both({ [labels.enable]: 'false' }, { [labels.enable]: 'true' })[labels.enable]).toBe('false');
    expect(both({ [labels.enable]: 'yes' }, { [labels.enable]: 'true' })[labels.enable]).toBe('yes');
  });

  it('takes what may be meant as a no from either', () => {
    expect(both({ [labels.enable]: 'true' }, { [labels.enable]: 'disabled' })[labels.enable]).toBe('disabled');
    expect(both({ [labels.enable]: '' }, { [labels.enable]: 'true' })[labels.enable]).toBe('');
  });
});
