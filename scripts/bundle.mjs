// Makes one file of the compiled service and all that it needs: dist/**/*.js → bundle/main.mjs. Usage: node scripts/bundle.mjs
// After the compiler, not instead of it: esbuild does not emit the decorators' metadata that Nest wires itself up with.
import { build } from 'esbuild';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = createRequire(import.meta.url)('../package.json');

/** Packages that Nest looks for and does without: asking for them must go on failing at run time. */
const optionalPeers = [
  '@fastify/*',
  '@grpc/*',
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

/** What dockerode would load at once and this service never calls: engines over SSH, and image builds by BuildKit. */
const neverCalled = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'];

const result = await build({
  absWorkingDir: root,
  entryPoints: ['dist/main.js'],
  outfile: 'bundle/main.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Identifiers stay: Nest logs the names of classes, and stack traces stay readable.
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the source line of an uncaught error: it should be one that fits a log.
  lineLimit: 200,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  external: optionalPeers,
  define: { bundledVersion: JSON.stringify(version) },
  banner: {
    // CommonJS packages inside an ES module: what they expect to be there.
    js: [
      "import{createRequire as __createRequire}from'node:module';",
      "import{dirname as __dirnameOf}from'node:path';",
      'const require=__createRequire(import.meta.url),__filename=import.meta.filename,__dirname=__dirnameOf(__filename);',
    ].join(''),
  },
  plugins: [
    {
      name: 'never-called',
      setup(setup) {
        const filter = new RegExp(`^(${neverCalled.join('|')})$`);
        setup.onResolve({ filter }, ({ path }) => ({ path, namespace: 'never-called' }));
        setup.onLoad({ filter: /.*/, namespace: 'never-called' }, () => ({ contents: 'module.exports = {};' }));
      },
    },
  ],
});

const [{ bytes }] = Object.values(result.metafile.outputs);
console.log(`bundle/main.mjs: ${(bytes / 1e6).toFixed(2)} MB`);
