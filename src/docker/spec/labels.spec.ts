import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/containers.js';
import { userLabels } from './labels.js';

const newImage = { Id: 'sha256:new' };
const labelsOf = (Labels: Record<string, string>, image: Record<string, string>): Record<string, string> =>
  userLabels(containerInspect({ Config: { Labels } }), { Config: { Labels: image } }, newImage);

describe('userLabels', () => {
  it('keeps what the image has not, or has with another value', () => {
    expect(labelsOf({ a: '1', b: '2', c: '' }, { a: '1', b: '1' })).toEqual({ b: '2', c: '' });
  });

  it('leaves Compose’s to the image where Compose did not make the container', () => {
    const inherited = { 'com.docker.compose.project': 'build', 'com.docker.compose.service': 'app' };
    expect(labelsOf(inherited, inherited)).toEqual({});
  });

  it('is not misled by names that every object has', () => {
    expect(labelsOf({ constructor: 'x', toString: 'y' }, {})).toEqual({ constructor: 'x', toString: 'y' });
  });
});
