/** The Engine API versions that this service is tested with: Docker Engine 20.10 offers 1.41, 28.5 offers 1.51. */
const oldestApiVersion = '1.41';
const newestApiVersion = '1.51';

/** Compares API versions such as `1.41`: negative where `a` is older than `b`, zero where they are the same. */
export function compareApiVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

/**
 * The highest version that both sides know: a lower one would silently drop what newer fields say, a higher one is refused.
 * @throws Error where there is none
 */
export function negotiateApiVersion(engine: { ApiVersion: string; MinAPIVersion?: string }): string {
  const version = compareApiVersions(engine.ApiVersion, newestApiVersion) < 0 ? engine.ApiVersion : newestApiVersion;
  const oldest = engine.MinAPIVersion ?? oldestApiVersion;
  if (compareApiVersions(version, oldest) < 0 || compareApiVersions(version, oldestApiVersion) < 0) {
    throw new Error(
      `the engine speaks API ${engine.MinAPIVersion ?? '?'} to ${engine.ApiVersion}, this service ${oldestApiVersion} to ${newestApiVersion}; it needs Docker Engine 20.10 or later`,
    );
  }
  return version;
}
