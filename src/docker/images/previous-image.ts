import { createHash } from 'node:crypto';
import type { ImageInspect } from '../engine/engine-types.js';
import { repositoryIn } from './image-reference.js';

const repository = 'trigger-docker-pull';
/** What a repository may be called in one part (distribution/reference), and so long that all of it stays below 255. */
const asItIs = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const longestName = 180;

/**
 * The local tag under which the image that a container ran before its last update stays reachable, so that no prune of
 * dangling images takes it.
 */
export function previousImageTag(containerName: string): { repo: string; tag: string } {
  return localImageTag(containerName, 'previous');
}

/**
 * A local tag of an image that has to do with a container. One per container: names that a repository may not have
 * (`Web`, `a_.b`) get a part more, of a digest of theirs, and so share it with none.
 */
export function localImageTag(containerName: string, tag: 'previous' | 'rejected'): { repo: string; tag: string } {
  if (containerName.length <= longestName && asItIs.test(containerName))
    return { repo: `${repository}/${containerName}`, tag };
  const readable = containerName
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 100)
    .replace(/-$/, '');
  const digest = createHash('sha256').update(containerName).digest('hex');
  return { repo: `${repository}/${readable}/${digest}`, tag };
}

/**
 * What an update writes into the label `trigger-docker-pull.previous`: the image by its digest in the repository that
 * the container is configured with, so that it can be pulled again; or its id, where no registry has it.
 * @param reference the container's image reference
 * @param image the image that it runs, as it was before the pull: later an engine may forget the digest
 */
export function previousRecord(reference: string, image: Pick<ImageInspect, 'Id' | 'RepoDigests'>): string {
  const wanted = repositoryIn(reference);
  return (image.RepoDigests ?? []).find((digest) => repositoryIn(digest) === wanted) ?? image.Id;
}

/** Whether an image is the one that such a record means. On the containerd store an image's id is its digest. */
export function isRecorded(record: string, { Id, RepoDigests }: Pick<ImageInspect, 'Id' | 'RepoDigests'>): boolean {
  return record === Id || record.endsWith(`@${Id}`) || (RepoDigests ?? []).includes(record);
}
