import { describe, expect, it } from '@jest/globals';
import { labels } from '../update/labels.js';
import { isReplacementOf } from './replacement-mark.js';

const [oldId, otherId] = ['a'.repeat(64), 'b'.repeat(64)];
const marked = (id: string) => ({ Config: { Image: 'web:1', Labels: { [labels.replaces]: id } } });

describe('isReplacementOf', () => {
  it.each([
    ['names the old container', marked(oldId), {}, true],
    ['names the old container of an earlier update', marked(otherId), {}, false],
    ['is missing', { Config: { Image: 'web:1' } }, {}, false],
    ['is missing beside other labels of an update', previousOnly(), {}, false],
    ['comes from the image', marked(oldId), marked(oldId), false],
    ['overrides another one of the image', marked(oldId), marked(otherId), true],
    ['names only the beginning of the id', marked(oldId.slice(0, 12)), {}, false],
    ['cannot be told from those of the image, which is gone', marked(oldId), undefined, false],
  ])('of a container whose mark %s', (_, container, image, isReplacement) => {
    expect(isReplacementOf(container, image, oldId)).toBe(isReplacement);
  });
});

function previousOnly() {
  return { Config: { Image: 'web:1', Labels: { [labels.previous]: oldId } } };
}
