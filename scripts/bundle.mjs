// Makes one program of the compiled service and its packages: dist → bundle/. Usage: node scripts/bundle.mjs
// After the compiler, not instead of it: esbuild does not emit the decorators' metadata that Nest needs.
import { build } from 'esbuild';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagesOf, usedInputs } from './packages.mjs';
import { sbom } from './sbom.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Packages that others look for and do without: looking for them must keep failing at run time. */
const optionalPeers = [
  ...['@nestjs/axios', '@nestjs/microservices', '@nestjs/mongoose', '@nestjs/platform-fastify', '@nestjs/sequelize'],
  ...['@nestjs/typeorm', '@nestjs/websockets', '@fastify/*', '@mikro-orm/*', '@prisma/client', 'class-transformer'],
  ...['class-validator', 'mongoose', 'sequelize', 'typeorm', 'pg', '@valkey/valkey-glide', 'msgpackr-extract'],
];
/** Imported at run time by those alone who use them: in files of their own. */
const usedBySome = ['bullmq', 'ioredis', 'jose', 'prom-client', 'yaml'];
/** Loaded by Express, Nest and dockerode, and never called: parsers of bodies, uploads, files, image builds. */
const neverCalled = ['body-parser', 'multer', 'qs', 'serve-static', 'send', 'file-type', 'tar-fs'];

const common = {
  absWorkingDir: root,
  outdir: 'bundle',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22.22',
  // Not identifiers: Nest logs the names of classes. Short lines: Node prints that of an uncaught error.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 200,
  legalComments: 'none',
  metafile: true,
  external: [...optionalPeers, ...usedBySome],
  supported: { 'dynamic-import': false },
  alias: {
    ...Object.fromEntries(neverCalled.map((unused) => [unused, './scripts/unused.cjs'])),
    'readable-stream': 'node:stream',
    // Its ES modules, of which esbuild takes what is used: an eighth.
    rxjs: './node_modules/rxjs/dist/esm/index.js',
    'rxjs/operators': './node_modules/rxjs/dist/esm/operators/index.js',
  },
  define: { bundledVersion: JSON.stringify(version), 'import.meta.url': '__url' },
  banner: { js: "const __url=require('node:url').pathToFileURL(__filename).href;" },
};
const libraries = usedBySome.map((library) => ({ in: library, out: `node_modules/${library}/index` }));

rmSync(join(root, 'bundle'), { recursive: true, force: true });
const service = { ...common, entryPoints: { service: 'dist/main.js' }, outExtension: { '.js': '.cjs' } };
const bundles = await Promise.all([build(service), build({ ...common, entryPoints: libraries })]);
const packages = packagesOf(bundles.flatMap(usedInputs), root);
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
writeFileSync(
  join(root, 'bundle', 'sbom.cdx.json'),
  JSON.stringify(sbom({ name, version }, packages, lock), undefined, 1),
);
copyFileSync(join(root, 'scripts', 'bundled-main.cjs'), join(root, 'bundle', 'main.cjs'));
