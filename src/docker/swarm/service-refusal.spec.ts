import { describe, expect, it } from '@jest/globals';
import { oldDigest, oldImage, serviceSpec } from '../../../test/support/fixtures/services.js';
import { labels } from '../update/labels.js';
import { ineligibleService } from './service-refusal.js';

describe('ineligibleService', () => {
  it('lets an ordinary service be updated', () => {
    expect(ineligibleService(serviceSpec())).toBeUndefined();
    expect(ineligibleService(serviceSpec(oldImage, { Mode: { Global: {} } }))).toBeUndefined();
  });

  it.each([
    ['enable=false', serviceSpec(oldImage, { Labels: { [labels.enable]: 'false' } }), {}],
    ['is a job', serviceSpec(oldImage, { Mode: { ReplicatedJob: {} } }), {}],
    ['is a job', serviceSpec(oldImage, { Mode: { GlobalJob: {} } }), {}],
    ['runs no containers', serviceSpec(oldImage, { TaskTemplate: { Runtime: 'plugin' } }), {}],
    ['is this service itself', serviceSpec(), { isOwn: true }],
    ['is the proxy', serviceSpec(), { isProxy: true }],
  ])('refuses one that %s', (words, spec, context) => {
    expect(ineligibleService(spec, context)).toMatchObject({
      code: 'refused',
      reason: expect.stringContaining(words),
    });
  });

  it('has nothing to follow where there is a digest and no tag', () => {
    expect(ineligibleService(serviceSpec(`registry.example/web@${oldDigest}`))).toMatchObject({
      code: 'image_pinned',
      reason: expect.stringContaining(`registry.example/web@${oldDigest}`),
    });
  });
});
