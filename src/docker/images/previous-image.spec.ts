import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatImageReference, parseImageReference } from './image-reference.js';
import { isRecorded, previousImageTag, previousRecord } from './previous-image.js';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** Docker's rule for names. */
const containerName = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/).filter((name) => name.length <= 255);
const textOf = (name: string): string => {
  const { repo, tag } = previousImageTag(name);
  return `${repo}:${tag}`;
};

describe('previousImageTag', () => {
  it('is readable for the names that most containers have', () => {
    expect(textOf('shop-web-1')).toBe('trigger-docker-pull/shop-web-1:previous');
    expect(textOf('my_app.v2')).toBe('trigger-docker-pull/my_app.v2:previous');
  });

  it.each(['Web', 'a_.b', 'web-', 'w___b', 'a'.repeat(255), '0-_', 'UPPER.CASE'])('is valid for %s too', (name) => {
    expect(() => parseImageReference(textOf(name))).not.toThrow();
  });

  it('is a valid reference for every name, and its own canonical form', () => {
    fc.assert(
      fc.property(containerName, (name) => {
        expect(formatImageReference(parseImageReference(textOf(name)))).toBe(`docker.io/${textOf(name)}`);
      }),
    );
  });

  it('is never shared by two names, not even by those that look alike', () => {
    const lookAlike = fc.tuple(containerName, fc.constantFrom('lower', 'dash', 'tag', 'end')).map(([name, how]) => {
      const other = {
        lower: name.toLowerCase(),
        dash: name.replaceAll(/[^a-zA-Z0-9]/g, '-'),
        tag: (previousImageTag(name).repo.split('/').slice(1).join('-') || name).slice(0, 255),
        end: `${name.slice(0, 254)}-`,
      };
      return [name, other[how]] as const;
    });
    fc.assert(
      fc.property(lookAlike, ([one, other]) => {
        fc.pre(one !== other);
        expect(textOf(one)).not.toBe(textOf(other));
      }),
    );
  });
});

describe('previousRecord', () => {
  const Id = digest('1');

  it('is the digest in the repository that the container follows', () => {
    const RepoDigests = [`other.example/web@${digest('2')}`, `nginx@${digest('3')}`];
    expect(previousRecord('docker.io/library/nginx:latest', { Id, RepoDigests })).toBe(`nginx@${digest('3')}`);
  });

  it('is the id where no registry has the image under that name', () => {
    expect(previousRecord('web:dev', { Id, RepoDigests: [`other.example/web@${digest('2')}`] })).toBe(Id);
    expect(previousRecord('web:dev', { Id, RepoDigests: null })).toBe(Id);
  });

  it('means the image that it was made of, on both stores', () => {
    const classic = { Id, RepoDigests: [`nginx@${digest('3')}`] };
    expect(isRecorded(previousRecord('nginx', classic), classic)).toBe(true);
    const containerd = { Id: digest('3'), RepoDigests: [`nginx@${digest('3')}`] };
    // There the digest is forgotten when the tag moves on.
    expect(isRecorded(previousRecord('nginx', containerd), { ...containerd, RepoDigests: [] })).toBe(true);
    expect(isRecorded(previousRecord('nginx', classic), { Id: digest('4'), RepoDigests: [] })).toBe(false);
    expect(isRecorded(Id, classic)).toBe(true);
  });
});
