import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../test/support/containers.js';
import { labels } from './labels.js';
import { restriction } from './restrictions.js';

const container = (image: string, enable?: string) =>
  containerInspect({ Config: { Image: image, Labels: enable === undefined ? {} : { [labels.enable]: enable } } });

describe('restriction', () => {
  it.each([
    ['nginx:1', ['docker.io/library/nginx'], true],
    ['nginx', ['docker.io/library/*'], true],
    ['docker.io/nginx@sha256:'.padEnd(87, 'a'), ['docker.io/library/nginx'], true],
    ['ghcr.io/acme/web:1', ['ghcr.io/other/*', 'ghcr.io/acme/*'], true],
    ['ghcr.io/acme-evil/web', ['ghcr.io/acme/*'], false],
    ['evil.io/ghcr.io/acme/web', ['ghcr.io/acme/*'], false],
    ['ghcr.io:443/acme/web', ['ghcr.io/acme/*'], false],
    ['registry:5000/web', ['registry:5000/*'], true],
    ['ghcr.io/acme/web', ['*'], true],
    ['sha256:'.padEnd(71, 'a'), ['ghcr.io/*'], false],
  ])('lets %s be updated where %j are allowed: %p', (image, repositories, allowed) => {
    const reason = restriction(container(image), { repositories }, false);
    expect(reason === undefined).toBe(allowed);
    if (!allowed) expect(reason).toContain(repositories.join(', '));
  });

  it.each([
    [undefined, false],
    ['true', true],
    ['TRUE', true],
    ['yes', false],
    ['', false],
  ])('with REQUIRE_LABEL, takes the label %p for a yes: %p', (enable, allowed) => {
    expect(restriction(container('web', enable), {}, true) === undefined).toBe(allowed);
    expect(restriction(container('web', enable), {}, false)).toBeUndefined();
  });

  it('holds where the policy disables the container, whatever its label says', () => {
    expect(restriction(container('web', 'true'), { disabled: true }, true)).toContain('disabled by the policy file');
  });
});
