// The bill of materials of the image, in CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/).
import { Buffer } from 'node:buffer';

/**
 * @param application `{ name, version }` of the service
 * @param packages as `packagesOf` answers
 * @param lock the parsed package-lock.json: it has the checksums
 */
export function sbom(application, packages, lock) {
  const reference = `pkg:npm/${application.name}@${application.version}`;
  const components = packages.map(({ name, version, license, folder }) => ({
    type: 'library',
    'bom-ref': `pkg:npm/${name.replace('@', '%40')}@${version}`,
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ expression: license }],
    hashes: hashesOf(lock.packages[folder]?.integrity),
  }));
  const runtime = {
    type: 'platform',
    'bom-ref': `pkg:generic/node@${process.versions.node}`,
    name: 'node',
    version: process.versions.node,
    purl: `pkg:generic/node@${process.versions.node}`,
    licenses: [{ license: { id: 'MIT' } }],
  };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': reference, ...application } },
    components: [...components, runtime],
    dependencies: [{ ref: reference, dependsOn: [...components, runtime].map((component) => component['bom-ref']) }],
  };
}

/** Of npm's `sha512-<base64>`, as CycloneDX wants it: in hexadecimal. */
function hashesOf(integrity) {
  if (!integrity?.startsWith('sha512-')) return [];
  return [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }];
}
