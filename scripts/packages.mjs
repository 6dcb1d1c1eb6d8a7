// What the bundle is made of: the npm packages of which it holds code, told by esbuild's own account of its inputs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const marker = 'node_modules/';

/**
 * The packages of which esbuild took at least one file, by name and version, sorted.
 * @param inputs paths as metafiles have them, relative to `root`
 * @returns `{ name, version, license, folder }`; `folder` is the key of the package in package-lock.json
 */
export function packagesOf(inputs, root) {
  const folders = inputs.map(packageFolder).filter((folder) => folder !== undefined);
  const packages = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return { name, version, license, folder };
  });
  // Once each, also where it stands in several folders.
  const distinct = new Map(packages.map((entry) => [`${entry.name}@${entry.version}`, entry]));
  return [...distinct.entries()].sort(([one], [other]) => one.localeCompare(other)).map(([, entry]) => entry);
}

/** `node_modules/a/node_modules/@b/c` of `node_modules/a/node_modules/@b/c/lib/d.js`; undefined for files of our own. */
function packageFolder(path) {
  const at = path.lastIndexOf(marker);
  if (at < 0) return undefined;
  const parts = path.slice(at + marker.length).split('/');
  const name = parts.slice(0, parts[0]?.startsWith('@') ? 2 : 1).join('/');
  return `${path.slice(path.indexOf(marker), at)}${marker}${name}`;
}

/** The files of which a bundle has at least one byte, told by the result of a build: what esbuild dropped whole is not in the image. */
export function usedInputs({ metafile: { outputs } }) {
  return Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
}
