import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { helperName } from '../update/temporary-names.js';
import { helperLabels, isHelper } from './helper-mark.js';

const own = containerInspect({ Id: 'c'.repeat(64) });
const other = containerInspect({ Id: 'd'.repeat(64) });
const named = (Labels: Record<string, string>, name = helperName('deployer', own.Id)) =>
  containerInspect({ Name: `/${name}`, Config: { Labels } });

describe('isHelper', () => {
  it('knows a container by its name and its own label', () => {
    expect(isHelper(named(helperLabels(own)), { Config: {} })).toBe(true);
  });

  it.each([
    ['without the label', named({}), {}],
    ['with the label from its image', named(helperLabels(own)), { Labels: helperLabels(own) }],
    ['with the label of the helper of another container', named(helperLabels(other)), {}],
    ['with an empty label', named({ 'trigger-docker-pull.helper-of': '' }), {}],
    ['with another name', named(helperLabels(own), 'deployer'), {}],
  ])('takes none for one %s', (_, container, Config) => {
    expect(isHelper(container, { Config })).toBe(false);
  });

  it('takes none for one whose image is gone', () => {
    expect(isHelper(named(helperLabels(own)), undefined)).toBe(false);
  });
});
