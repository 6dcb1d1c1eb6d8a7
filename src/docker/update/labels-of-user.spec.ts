import { describe, expect, it } from '@jest/globals';
import { labelsOfUser } from './labels-of-user.js';

type Labels = Record<string, string> | null | undefined;
const ofUser = (container: Labels, image: Labels): Record<string, string> =>
  labelsOfUser({ Config: { Image: 'app:1', Labels: container } }, { Config: { Labels: image } });

describe('labelsOfUser', () => {
  it('has what the image has not, or has with another value', () => {
    expect(ofUser({ a: '1', b: '2', c: '' }, { a: '1', b: '1' })).toEqual({ b: '2', c: '' });
    expect(ofUser({ a: '1' }, undefined)).toEqual({ a: '1' });
    expect(ofUser(null, { a: '1' })).toEqual({});
    expect(ofUser(undefined, null)).toEqual({});
  });

  it('has nothing if the image is gone', () => {
    expect(labelsOfUser({ Config: { Image: 'app:1', Labels: { a: '1' } } }, undefined)).toEqual({});
  });

  const ofCompose = {
    'com.docker.compose.project': 'shop',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.container-number': '1',
    'com.docker.compose.config-hash': 'c'.repeat(64),
    'com.docker.compose.image': `sha256:${'1'.repeat(64)}`,
  };

  it('has all of Compose’s labels if Compose made the container, and no other label of the image', () => {
    const image = { 'com.docker.compose.project': 'shop', 'com.docker.compose.oneoff': 'False', x: '1' };
    expect(ofUser({ ...ofCompose, x: '1', y: '2' }, image)).toEqual({ ...ofCompose, y: '2' });
  });

  it.each(['container-number', 'config-hash', 'image'])(
    'is not misled by an image that claims all of them but has another %s',
    (name) => {
      const image = { ...ofCompose, [`com.docker.compose.${name}`]: 'x' };
      expect(ofUser(ofCompose, image)).toEqual(ofCompose);
    },
  );

  it('leaves the label of a hook to the image, for Compose makes no image with it', () => {
    const hook = { 'com.docker.compose.hook': 'post_start' };
    expect(ofUser({ ...ofCompose, ...hook }, hook)).toEqual(ofCompose);
    expect(ofUser({ ...ofCompose, ...hook }, {})).toEqual({ ...ofCompose, ...hook });
  });

  it('leaves Compose’s labels to the image if Compose did not make the container', () => {
    expect(ofUser(ofCompose, ofCompose)).toEqual({});
    expect(ofUser({ ...ofCompose, x: '1' }, ofCompose)).toEqual({ x: '1' });
  });

  it('is not misled by names that every object has', () => {
    expect(ofUser({ constructor: 'x', toString: 'y' }, {})).toEqual({ constructor: 'x', toString: 'y' });
  });
});
