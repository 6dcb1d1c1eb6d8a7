import { readFileSync } from 'node:fs';

/** Written in by `scripts/bundle.mjs`, for beside a bundle there is no package.json. */
declare const bundledVersion: string | undefined;

/** The version of this service, as package.json has it. */
export const version: string =
  typeof bundledVersion === 'string' ? bundledVersion : versionIn(new URL('../../package.json', import.meta.url));

function versionIn(packageJson: URL): string {
  return (JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version;
}
