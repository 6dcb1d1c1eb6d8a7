import { describe, expect, it } from '@jest/globals';
import { newImage, oldImage, serviceSpec } from '../../../test/support/fixtures/services.js';
import { previousImage } from './previous-spec.js';
import type { ServiceSpec } from '../engine/swarm-types.js';

const codeOf = (PreviousSpec: ServiceSpec | null | undefined): string => {
  try {
    return previousImage({ Spec: serviceSpec(newImage), PreviousSpec });
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('previousImage', () => {
  it('is the image before, where the last update changed nothing else', () => {
    const before = serviceSpec(oldImage);
    before.TaskTemplate.Placement = { Platforms: [{ OS: 'linux' }] };
    before.TaskTemplate.ForceUpdate = 3;
    expect(codeOf(before)).toBe(oldImage);
  });

  it('is not known of a service that was never updated, or that Swarm has rolled back', () => {
    expect(codeOf(undefined)).toBe('no_previous_image');
    expect(codeOf(null)).toBe('no_previous_image');
    expect(codeOf(serviceSpec(newImage, { Labels: { team: 'web' } }))).toBe('no_previous_image');
  });

  it('is refused where Swarm would take back more than the image', () => {
    expect(codeOf(serviceSpec(oldImage, { Mode: { Replicated: { Replicas: 5 } } }))).toBe('refused');
    expect(codeOf(serviceSpec(oldImage, { Labels: { team: 'web' } }))).toBe('refused');
  });
});
