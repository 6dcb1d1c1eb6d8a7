import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../../test/support/fixtures/containers.js';
import { userLabels } from './labels.js';

const newImage = { Id: 'sha256:new' };
const labelsOf = (Labels: Record<string, string>, image: Record<string, string>): Record<string, string> =>
  userLabels(containerInspect({ Config: { Labels } }), { Config: { Labels: image } }, newImage);

describe('userLabels', () => {
  it('keeps what the image has not, or has with another value', () => {
    expect(labelsOf({ a: '1', b: '2', c: '' }, { a: '1', b: '1' })).toEqual({ b: '2', c: '' });
  });

  it('brings Compose’s record of the image up to date', () => {
    const old = containerInspect();
    const labels = { 'com.docker.compose.image': old.Image, x: '1' };
    expect(labelsOf(labels, {})).toEqual({ 'com.docker.compose.image': newImage.Id, x: '1' });
    expect(labelsOf({ 'com.docker.compose.image': 'another' }, {})).toEqual({ 'com.docker.compose.image': 'another' });
  });
});
