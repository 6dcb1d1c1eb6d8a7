import { describe, expect, it } from '@jest/globals';
import { labels } from '../update/labels.js';
import { isFrom, restriction, type Restricted } from './restrictions.js';

const container = (image: string, enable?: string): Restricted => ({
  image,
  labels: enable === undefined ? {} : { [labels.enable]: enable },
});

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
    expect(isFrom(image, { repositories })).toBe(allowed);
    if (!allowed) expect(reason).toContain(repositories.join(', '));
  });

  it.each([
    [undefined, false],
    ['true', true],
    ['TRUE', true],
    ['yes', true],
    ['1', true],
    ['false', false],
    ['no', false],
    ['0', false],
  ])('with REQUIRE_LABEL, takes the label %p for a yes: %p', (enable, allowed) => {
    expect(restriction(container('web', enable), {}, true) === undefined).toBe(allowed);
    expect(restriction(container('web', enable), {}, false)).toBeUndefined();
  });

  it('refuses a label that it does not understand, rather than to guess', () => {
    for (const text of ['', 'enabled', 'ja']) expect(() => restriction(container('web', text), {}, true)).toThrow();
  });

  it('lets everything be updated where nothing is said', () => {
    expect(restriction(container('web'), {}, false)).toBeUndefined();
    expect(restriction(container('web'), { disabled: false }, false)).toBeUndefined();
    expect(isFrom('anything', {})).toBe(true);
  });

  it('holds where the policy disables the container, whatever its label says', () => {
    expect(restriction(container('web', 'true'), { disabled: true }, true)).toContain('disabled by the policy file');
    expect(restriction(container('web'), { disabled: true }, false)).toContain('disabled by the policy file');
  });
});
