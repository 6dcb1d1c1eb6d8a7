/** A normalised reference: it always has a tag or a digest; where it has both, the digest decides what is pulled. */
export interface ImageReference {
  /** The registry's host, with its port where one was given. Docker Hub is `docker.io`. */
  readonly domain: string;
  /** The repository within the registry, such as `library/nginx`. */
  readonly path: string;
  readonly tag?: string;
  /** `sha256:<64 hex>`, also sha384 and sha512. */
  readonly digest?: string;
}

/** A text that names no image; the message quotes it, shortened, and says which rule it breaks. */
export class InvalidImageReference extends Error {
  override readonly name = 'InvalidImageReference';

  constructor(
    text: string,
    readonly reason: string,
  ) {
    super(
      `${JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text)} is not an image reference: ${reason}`,
    );
  }
}

const dockerHub = 'docker.io';
const dockerHubsOldName = 'index.docker.io';
const pathLimit = 255;

// Each pattern has one way to match a text, so that none can be made slow by a long one.
const domainPattern = /^(?:[a-zA-Z0-9]+(?:(?:\.|-+)[a-zA-Z0-9]+)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const pathComponentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;
const imageIdPattern = /^[a-f0-9]{64}$/;

/**
 * Parses and normalises an image reference as Docker's clients do (distribution/reference, `ParseNormalizedNamed`):
 * Docker Hub's domain, its `library/` and the tag `latest` are filled in.
 *
 * One departure: a first component that can only be meant as a host and is none (`my_registry.local/app`) is refused
 * here; Docker takes it for a path without a registry, which nothing can pull.
 * @throws InvalidImageReference
 */
export function parseImageReference(text: string): ImageReference {
  const invalid = (reason: string): InvalidImageReference => new InvalidImageReference(text, reason);
  if (text === '') throw invalid('it is empty');
  if (imageIdPattern.test(text) || digestPattern.test(text)) throw invalid('it is the id of an image, not its name');

  const { domain, remainder } = splitDomain(text);
  if (!domainPattern.test(domain)) throw invalid(`${JSON.stringify(domain)} is not a registry's host, or host:port`);

  const [tagged, digest] = cut(remainder, '@');
  if (digest !== undefined && !digestPattern.test(digest)) {
    throw invalid(
      'what follows the @ must be sha256: and 64 lower-case hex digits (or a sha384 or sha512 of its length)',
    );
  }
  const [name, tag] = cut(tagged, ':');
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(
      'the tag must be 1 to 128 of the characters a-z, A-Z, 0-9, _, . and -, and begin with neither . nor -',
    );
  }
  if (/[A-Z]/.test(name)) throw invalid('the repository must be in lower case');
  const path = domain === dockerHub && !name.includes('/') ? `library/${name}` : name;
  if (path.length > pathLimit) throw invalid(`the repository is longer than ${pathLimit} characters`);
  if (!path.split('/').every((component) => pathComponentPattern.test(component))) {
    throw invalid(
      'each part of the repository must be of a-z and 0-9, with single separators ., _, __ or dashes in between',
    );
  }
  if (digest !== undefined) return tag === undefined ? { domain, path, digest } : { domain, path, tag, digest };
  return { domain, path, tag: tag ?? 'latest' };
}

/** `domain/path:tag`, and `@digest` where there is one: the canonical form, which parses to the same reference. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${repositoryOf(reference)}${tag}${digest}`;
}

/** The reference that a text is; undefined where it names no image, such as the engine's `<none>:<none>`. */
export function imageReferenceIn(text: string): ImageReference | undefined {
  try {
    return parseImageReference(text);
  } catch (error) {
    if (error instanceof InvalidImageReference) return undefined;
    throw error;
  }
}

/** Its canonical form, if it is one. */
export function canonicalReference(text: string): string | undefined {
  const reference = imageReferenceIn(text);
  return reference && formatImageReference(reference);
}

/** Its repository, if it is one. */
export function repositoryIn(text: string): string | undefined {
  const reference = imageReferenceIn(text);
  return reference && repositoryOf(reference);
}

/** `domain/path`, without tag and digest. */
export function repositoryOf({ domain, path }: ImageReference): string {
  return `${domain}/${path}`;
}

/**
 * The query of `POST /images/create`. A digest goes where the tag goes. The tag is never left out: the engine would
 * pull all tags of the repository.
 */
export function pullParameters(reference: ImageReference): { fromImage: string; tag: string } {
  return { fromImage: repositoryOf(reference), tag: reference.digest ?? reference.tag ?? 'latest' };
}

/**
 * Whether a container's image is fixed, so that no push can change what it means: a digest, or an image id.
 *
 * A hex text may be an id or the name of a repository; the container tells, as the engine resolved it: it is an id where
 * the container's image has an id that begins with it. Ids shorter than the 12 digits that Docker prints are taken
 * for names, because names such as `db` or `fe` would too often meet an id by chance.
 * @param image the reference as the container has it (`Config.Image` of its inspection)
 * @param imageId the id of the image that the container runs (`Image` of its inspection), `sha256:<64 hex>`
 */
export function isPinned(image: string, imageId: string): boolean {
  if (image.includes('@') || digestPattern.test(image) || imageIdPattern.test(image)) return true;
  const hex = image.startsWith('sha256:') ? image.slice('sha256:'.length) : image;
  return /^[a-f0-9]{12,64}$/.test(hex) && imageId.startsWith(`sha256:${hex}`);
}

function splitDomain(text: string): { domain: string; remainder: string } {
  const [first, remainder] = cut(text, '/');
  const isDomain = first === 'localhost' || /[.:A-Z]/.test(first);
  if (remainder === undefined || !isDomain) return { domain: dockerHub, remainder: text };
  return { domain: first === dockerHubsOldName ? dockerHub : first, remainder };
}

/** The parts before and after the first separator; the latter is undefined where there is none. */
function cut(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
