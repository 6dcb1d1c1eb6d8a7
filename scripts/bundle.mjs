// Makes one program of the compiled service and all that it needs: dist/**/*.js → bundle/. Usage: node scripts/bundle.mjs
// After the compiler, not instead of it: esbuild does not emit the decorators' metadata that Nest wires itself up with.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagesOf } from './packages.mjs';
import { sbom } from './sbom.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { name, version } = createRequire(import.meta.url)('../package.json');

/** Packages that Nest looks for and does without: asking for them must go on failing at run time. */
const optionalPeers = [
  '@fastify/*',
  '@mikro-orm/*',
  '@nestjs/axios',
  '@nestjs/microservices',
  '@nestjs/mongoose',
  '@nestjs/platform-fastify',
  '@nestjs/sequelize',
  '@nestjs/typeorm',
  '@nestjs/websockets',
  '@prisma/client',
  'class-transformer',
  'class-validator',
  'mongoose',
  'sequelize',
  'typeorm',
];

/**
 * What would be loaded at once and this service never calls. For dockerode: image builds. For Express and Nest: bodies, uploads,
 * nested queries, files.
 */
const neverCalled = [...['tar-fs', 'zlib'], ...['body-parser', 'multer', 'qs', 'serve-static', 'send', 'file-type']];

/** Node's own that a start does not need: loaded when something of it is used for the first time. */
const usedLater = ['dns/promises', 'fs/promises', 'https', 'module', 'tls'];

/** The types of the answers: of the thousands that there are, those that Express has to know. */
const answeredTypes = [
  'application/json',
  'application/octet-stream',
  'application/problem+json',
  'text/html',
  'text/plain',
];

/** What is imported at run time by those alone who use it, in files of their own: the others do not even read them. */
const apart = {
  redis: './dist/redis/redis-libraries.js',
  'openapi-document': './dist/api/openapi-document.js',
  yaml: 'yaml',
  jose: 'jose',
  'prom-client': 'prom-client',
};

/** Terminus' own health indicators, for databases and the like, are providers that Nest looks through and makes at each start. */
const withoutIndicators = `
  export { HealthIndicatorService } from './health-indicator.service.js';
  export const HEALTH_INDICATORS = [];
`;

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  // Not an ES module: a script's compiled code can be kept beside it.
  format: 'cjs',
  target: 'node22.22',
  // Identifiers stay: Nest logs the names of classes, and stack traces stay readable.
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the source line of an uncaught error: it should be one that fits a log.
  lineLimit: 200,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};

rmSync(join(root, 'bundle'), { recursive: true, force: true });
const service = await build({
  ...common,
  entryPoints: ['dist/main.js'],
  outfile: 'bundle/service.cjs',
  external: [...optionalPeers, ...Object.keys(apart).map((name) => `./${name}.cjs`)],
  // The streams of Node 16, for those who have an older one.
  alias: { 'readable-stream': 'node:stream' },
  define: { bundledVersion: JSON.stringify(version), 'import.meta.url': '__url' },
  // A function, as Node itself makes one of a CommonJS file: scripts/bundled-main.cjs calls it.
  banner: {
    js: "(function(require,module,exports,__filename,__dirname){const __url=require('node:url').pathToFileURL(__filename).href;",
  },
  footer: { js: '})' },
  plugins: [{ name: 'less', setup: leaveOut }],
});
const others = await build({
  ...common,
  entryPoints: apart,
  outdir: 'bundle',
  outExtension: { '.js': '.cjs' },
  // BullMQ's other backends, and what makes its packing faster where it can be compiled.
  external: ['pg', '@valkey/valkey-glide', 'msgpackr-extract'],
  plugins: [{ name: 'made', setup: makeDocument }],
});
const inputs = [service, others].flatMap(({ metafile }) => usedInputs(metafile));
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
writeFileSync(
  join(root, 'bundle', 'sbom.cdx.json'),
  JSON.stringify(sbom({ name, version }, packagesOf(inputs, root), lock), undefined, 1),
);
copyFileSync(join(root, 'scripts', 'bundled-main.cjs'), join(root, 'bundle', 'main.cjs'));
execFileSync(process.execPath, [join(root, 'scripts', 'code-cache.cjs')], { stdio: 'inherit' });

for (const file of readdirSync(join(root, 'bundle')))
  console.log(`bundle/${file}: ${(statSync(join(root, 'bundle', file)).size / 1e6).toFixed(2)} MB`);

/** The files of which the bundle has at least one byte: what esbuild dropped whole is not in the image. */
function usedInputs({ outputs }) {
  return Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
}

/** OpenAPI's document as it is, without the schemas that it is made of: they come with the whole service. */
function makeDocument(setup) {
  setup.onLoad({ filter: /dist.api.openapi-document\.js$/ }, async ({ path }) => {
    const { openApiDocument } = await import(path);
    return { contents: `export const openApiDocument = () => (${JSON.stringify(openApiDocument())});` };
  });
}

function leaveOut(setup) {
  const filter = new RegExp(`^(${neverCalled.join('|')})$`);
  setup.onResolve({ filter }, ({ path }) => ({ path, namespace: 'never-called' }));
  setup.onLoad({ filter: /.*/, namespace: 'never-called' }, () => ({ contents: 'module.exports = {};' }));
  const nameOf = Object.fromEntries(Object.entries(apart).map(([name, entry]) => [basename(entry), name]));
  setup.onResolve({ filter: new RegExp(`(^|/)(${Object.keys(nameOf).join('|')})$`) }, ({ kind, path }) =>
    kind === 'dynamic-import' ? { path: nameOf[basename(path)], namespace: 'apart' } : undefined,
  );
  setup.onLoad({ filter: /./, namespace: 'apart' }, ({ path }) => ({
    contents: `module.exports = require('./${path}.cjs');`,
  }));
  setup.onResolve({ filter: new RegExp(`^(node:)?(${usedLater.join('|')})$`) }, ({ path, namespace }) =>
    namespace === 'later' ? undefined : { path: path.replace('node:', ''), namespace: 'later' },
  );
  setup.onLoad({ filter: /./, namespace: 'later' }, ({ path }) => ({
    contents: `module.exports = Object.create(new Proxy({}, { get: (_, name) => require('node:${path}')[name] }));`,
  }));
  // NestFactory would load it where it is given no adapter; an import at run time also keeps the bundler from joining modules.
  setup.onResolve({ filter: /^@nestjs.platform-express$/ }, ({ kind, path }) =>
    kind === 'dynamic-import' ? { path, external: true } : undefined,
  );
  // Its ES modules, of which the bundler takes what is used: an eighth. For Node it has CommonJS ones.
  setup.onResolve({ filter: /^rxjs(\/operators)?$/ }, ({ path }) => ({
    path: join(root, 'node_modules', path.replace('rxjs', 'rxjs/dist/esm'), 'index.js'),
  }));
  setup.onLoad({ filter: /mime-db.db\.json$/ }, ({ path }) => {
    const all = JSON.parse(readFileSync(path, 'utf8'));
    const answered = Object.fromEntries(answeredTypes.map((type) => [type, all[type]]));
    return { loader: 'json', contents: JSON.stringify(answered) };
  });
  setup.onLoad({ filter: /terminus.dist.health-indicator.(index|health-indicators\.provider)\.js$/ }, () => ({
    contents: withoutIndicators,
    resolveDir: join(root, 'node_modules/@nestjs/terminus/dist/health-indicator'),
  }));
  setup.onLoad({ filter: /docker-modem.lib.modem\.js$/ }, ({ path }) => ({
    contents: withoutWritingOut(readFileSync(path, 'utf8')),
  }));
  setup.onLoad({ filter: /nestjs.common.services.(console-logger|logger)\.service\.js$/ }, ({ path }) => ({
    contents: withLazyFormatter(readFileSync(path, 'utf8')),
  }));
}

/** docker-modem has the options of each call written out for a log, also where nobody reads that. */
function withoutWritingOut(source) {
  const less = source.replace(
    "debug('Sending: %s', util.inspect(options, {",
    "debug('Sending: %s', (({ path }) => path)(options, {",
  );
  if (less === source) throw new Error('docker-modem logs its calls in another way now');
  return less;
}

/** Nest's loggers make a formatter of dates as they are loaded, and V8 loads 6 MB for it, which only the pretty log needs. */
function withLazyFormatter(source) {
  const lazy = source.replace(
    /^const dateTimeFormatter = (new Intl\.DateTimeFormat\(.*?\));$/ms,
    'let formatter;\nconst dateTimeFormatter = { format: (date) => (formatter ??= $1).format(date) };',
  );
  if (lazy === source) throw new Error('a logger of Nest makes its formatter in another way now');
  return lazy;
}
