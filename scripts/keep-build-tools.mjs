// Takes out of package.json what the image's build does not need: three quarters of the packages are for tests and lint. What
// is left is installed in the versions and with the checksums of package-lock.json, as before.
import { readFileSync, writeFileSync } from 'node:fs';

const needed = /^(typescript|esbuild|@types\/(node|express|dockerode))$/;
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
manifest.devDependencies = Object.fromEntries(
  Object.entries(manifest.devDependencies).filter(([name]) => needed.test(name)),
);
writeFileSync('package.json', JSON.stringify(manifest, undefined, 2));
