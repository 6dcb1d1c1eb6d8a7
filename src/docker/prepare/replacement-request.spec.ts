import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { EngineError } from '../engine/engine-error.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import type { UpdateError } from '../update/outcome.js';
import { assertFaithful, creationFailure, type ReplacementRequest } from './replacement-request.js';

const old = containerInspect({ Name: '/web', Config: { Image: 'app:1', Env: ['SET=1'] } });
const oldImage = { Id: old.Image, Config: {} } as ImageInspect;
const image = { Id: `sha256:${'e'.repeat(64)}`, Config: {} } as ImageInspect;
const request = {
  subject: { old, oldImage },
  image,
  options: { renewVolumes: [] },
  swarmScopedNetworks: new Set(),
  handOver: [],
} as unknown as ReplacementRequest;
const replacement = (Config: Partial<ContainerInspect['Config']> = {}): ContainerInspect =>
  containerInspect({ ...old, Image: image.Id, Config: { ...old.Config, ...Config } });
const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    return (error as UpdateError).code;
  }
  return undefined;
};

describe('assertFaithful', () => {
  it('accepts one with all that was set', () => {
    expect(assertFaithful(request, replacement())).toEqual([]);
  });

  it('refuses one that would lose what was set', () => {
    expect(codeOf(() => assertFaithful(request, replacement({ Env: [] })))).toBe('not_faithful');
  });

  it('refuses one that runs another image, because somebody moved the tag', () => {
    expect(codeOf(() => assertFaithful(request, { ...replacement(), Image: old.Image }))).toBe('container_changed');
  });
});

describe('creationFailure', () => {
  it('tells another instance from a request that the engine refuses', () => {
    const taken = new EngineError('POST /containers/create', 409, 'Conflict. The name is already in use');
    expect(creationFailure(old, taken)).toMatchObject({ code: 'another_instance' });
    const conflict = new EngineError('POST /containers/create', 409, 'conflicting options');
    expect(creationFailure(old, conflict)).toMatchObject({ code: 'create_failed' });
  });

  it('leaves alone what is no answer of an engine', () => {
    const bug = new TypeError('no');
    expect(creationFailure(old, bug)).toBe(bug);
  });
});
