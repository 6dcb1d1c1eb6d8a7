import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { ContainerRules } from '../rules/container-rules.js';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ImageInspect } from '../engine/engine-types.js';
import type { ImagePuller } from '../images/image-puller.js';
import { labels } from '../update/labels.js';
import { PreviousImageFinder } from './previous-image.finder.js';
import type { RunningUpdate } from '../update/running-update.js';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const record = `registry.example/web@${digest('2')}`;
const before = { Id: digest('1'), RepoDigests: [record] };
const localTag = 'trigger-docker-pull/web:previous';

interface Given {
  /** The label of the container, and of its image. */
  label?: string;
  imageLabel?: string;
  /** By the names that the engine knows them by. */
  images?: Record<string, Pick<ImageInspect, 'Id' | 'RepoDigests'>>;
  /** The start of the only repository that the policy allows. */
  allowed?: string;
}

/** The id of the image that is found, or the error's code, and what was pulled and asked for. */
async function findIn({ label, imageLabel, images = {}, allowed = '' }: Given): Promise<{
  found: string;
  pulled: string[];
}> {
  const pulled: string[] = [];
  const known = { ...images };
  const engine = {
    foreignPlatform: () => undefined,
    inspectImage: (name: string) =>
      Promise.resolve().then(() => known[name] ?? Promise.reject(new EngineError('GET', 404, 'no such image'))),
  } as unknown as Engine;
  const puller = {
    pull: ({ image }: { image: string }) => {
      pulled.push(image);
      known[image] = before;
      return Promise.resolve();
    },
  } as unknown as ImagePuller;
  const rules = {
    refusalOfImage: (_: string, references: string[]) =>
      references.some((reference) => reference.startsWith(allowed)) ? undefined : 'is refused',
  } as unknown as ContainerRules;
  const set = (text: string | undefined): Record<string, string> =>
    text === undefined ? {} : { [labels.previous]: text };
  const old = containerInspect({ Config: { Image: 'registry.example/web:1', Labels: set(label ?? imageLabel) } });
  const oldImage = { Id: old.Image, Config: { Labels: set(imageLabel) } };
  const update = { drain: {}, report: {} } as unknown as RunningUpdate;
  const found = await new PreviousImageFinder(engine, puller, rules).find({ old, oldImage }, update).then(
    ({ Id }) => Id,
    (error: unknown) => (error as { code: string }).code,
  );
  return { found, pulled };
}

describe('the image before', () => {
  it('is found by the local tag, by its name, or in the registry', async () => {
    expect(await findIn({ label: record, images: { [localTag]: before } })).toEqual({ found: before.Id, pulled: [] });
    expect(await findIn({ label: record, images: { [record]: before } })).toEqual({ found: before.Id, pulled: [] });
    expect(await findIn({ label: record })).toEqual({ found: before.Id, pulled: [record] });
    const another = { Id: digest('9'), RepoDigests: [] };
    expect(await findIn({ label: record, images: { [localTag]: another } })).toEqual({
      found: before.Id,
      pulled: [record],
    });
  });

  it('is not what a label of the image says', async () => {
    const nothing = { found: 'no_previous_image', pulled: [] };
    expect(await findIn({})).toEqual(nothing);
    expect(await findIn({ imageLabel: record })).toEqual(nothing);
    expect(await findIn({ imageLabel: record, images: { [record]: before } })).toEqual(nothing);
    const another = { Id: digest('9'), RepoDigests: [] };
    expect(await findIn({ imageLabel: record, images: { [record]: before, [localTag]: another } })).toEqual(nothing);
    expect(await findIn({ label: record, imageLabel: 'other@x' })).toEqual({ found: before.Id, pulled: [record] });
  });

  it('is still found where the image has the label that an update wrote, by the local tag', async () => {
    expect(await findIn({ imageLabel: record, images: { [localTag]: before } })).toEqual({
      found: before.Id,
      pulled: [],
    });
  });

  it('is from an allowed repository, whether it is there or has to be pulled', async () => {
    const refused = { found: 'refused', pulled: [] };
    const allowed = 'other.example/';
    expect(await findIn({ label: record, allowed })).toEqual(refused);
    expect(await findIn({ label: record, allowed, images: { [record]: before } })).toEqual(refused);
    expect(await findIn({ label: record, allowed, images: { [localTag]: before } })).toEqual(refused);
    expect(await findIn({ imageLabel: record, allowed, images: { [localTag]: before } })).toEqual(refused);
  });

  it('is known by its digests where the label has its id alone', async () => {
    const images = { [before.Id]: before };
    expect(await findIn({ label: before.Id, images, allowed: 'registry.example/' })).toMatchObject({
      found: before.Id,
    });
    expect(await findIn({ label: before.Id, images, allowed: 'other.example/' })).toMatchObject({ found: 'refused' });
    const unknown = { [before.Id]: { ...before, RepoDigests: null } };
    expect(await findIn({ label: before.Id, images: unknown, allowed: 'registry.example/' })).toMatchObject({
      found: 'refused',
    });
    expect(await findIn({ label: before.Id })).toEqual({ found: 'no_previous_image', pulled: [] });
  });
});
