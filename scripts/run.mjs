// The one way in, from a bare clone: needs nothing but Node and npm. Usage: node scripts/run.mjs COMMAND [arguments]; without one it lists them.
// On a Node that is not supported, this file runs again with one that is.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentWith, supportedNode } from './supported-node.mjs';

const self = fileURLToPath(import.meta.url);
const root = join(dirname(self), '..');
const [command, ...args] = process.argv.slice(2);
/** Says in a folder that a command has made what it was made of. */
const stampName = '.made-of';
const bin = (name) => join(root, 'node_modules', name);
const jsOf = {
  nest: bin('@nestjs/cli/bin/nest.js'),
  tsc: bin('typescript/bin/tsc'),
  eslint: bin('eslint/bin/eslint.js'),
  prettier: bin('prettier/bin/prettier.cjs'),
  depcruise: bin('dependency-cruiser/bin/dependency-cruise.mjs'),
  jest: bin('jest/bin/jest.js'),
};
/** Jest for native ES modules. */
const jest = ['--experimental-vm-modules', '--no-warnings', jsOf.jest];

const supported = supportedNode();
if (supported !== process.execPath) {
  await hand([self, ...process.argv.slice(2)], supported);
  process.exit();
}

switch (command) {
  case 'start':
    build();
    await hand([join(root, 'dist', 'main.js')]);
    break;
  case 'demo':
    bundle();
    await hand(['--import', 'tsx', 'test/demo.ts', ...args]);
    break;
  case 'test':
    await runTests(...args);
    break;
  case 'test-all':
    process.env.TEST_EVERYTHING = 'yes';
    await runTests(...args);
    break;
  case 'unit':
    install();
    await runUnitTests(...args);
    break;
  case 'cov':
    install();
    await runUnitTests(...args, '--silent', '--coverage');
    await printCoverage();
    break;
  case 'mutation':
    install();
    await hand(['scripts/mutation.mjs', ...args]);
    break;
  case 'chaos':
    // Every point, or one of so many: `npm run test:chaos -- --one-of 20`; of every disturbance, or of some: `--only 'any instant'`.
    process.env.TEST_CHAOS_ONE_OF = args.includes('--quick') ? '' : (argumentAfter('--one-of') ?? '1');
    await runTests('test/chaos.e2e-spec.ts', '--verbose', `--testNamePattern=${argumentAfter('--only') ?? ''}`);
    break;
  case 'conformance':
    await runSuite('TEST_CONFORMANCE', 'test/conformance/');
    break;
  case 'hostile':
    await runSuite('TEST_HOSTILE', 'test/hostile.e2e-spec.ts');
    break;
  case 'fleet':
    await runSuite('TEST_FLEET', args.includes('--quick') ? 'test/fleet-sample.e2e-spec.ts' : 'test/fleet');
    break;
  case 'memory':
    await runSuite('TEST_MEMORY', 'test/memory.e2e-spec.ts');
    break;
  case 'bench':
    bundle();
    await hand(['--import', 'tsx', 'bench/run.ts', ...args]);
    break;
  case 'bench-fleet':
    bundle();
    await hand(['--import', 'tsx', 'bench/fleet.ts', ...args]);
    break;
  case 'bench-tokens':
    install();
    await hand(['--import', 'tsx', 'bench/token-comparison.ts', ...args]);
    break;
  case 'build':
    build();
    break;
  case 'bundle':
    bundle();
    break;
  case 'lint':
    install();
    process.exit(lint());
    break;
  default:
    console.error(
      'usage: node scripts/run.mjs demo|test|test-all|unit|cov|mutation|chaos|conformance|hostile|fleet|memory|bench|bench-fleet|bench-tokens|start|build|bundle|lint [arguments]',
    );
    process.exit(2);
}

/** Installs what package-lock.json says. */
function install() {
  const installWithNpm = () => {
    console.log('Installing dependencies (npm ci) …');
    must(
      spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
        cwd: root,
        stdio: 'inherit',
        shell: process.platform === 'win32',
      }),
    );
  };
  // Packages with native code are for the Node that runs.
  makeOnce('node_modules', ['package-lock.json'], installWithNpm, process.versions.modules);
}

/** Compiles the service; installs what that needs, and nothing where it is compiled already: a host may have no compiler. The published package has no sources. */
function build() {
  if (!existsSync(join(root, 'src'))) return;
  const configuration = ['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  makeOnce('dist', ['src', ...configuration], () => {
    install();
    must(node(jsOf.nest, ['build']));
  });
}

/** What the image runs: one program, which also starts several times sooner. */
function bundle() {
  install();
  build();
  const sources = [join('dist', stampName), 'package.json', 'scripts'];
  makeOnce('bundle', sources, () => must(node('scripts/bundle.mjs', [])), process.version);
}

/**
 * Makes a folder of these files and folders, and for this version of Node where it depends on that, unless it was made of the same: one
 * command then does not take away what another one runs meanwhile.
 */
function makeOnce(folder, sources, make, nodeVersion = '') {
  const stamp = join(root, folder, stampName);
  const hash = createHash('sha256').update(nodeVersion);
  for (const file of sources.flatMap(filesIn)) hash.update(file).update(readFileSync(join(root, file)));
  const wanted = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  make();
  writeFileSync(stamp, wanted);
}

/** The file itself, or all files of a folder. */
function filesIn(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}

/**
 * Unit tests that are named need neither bundle nor engine.
 * @param rest Jest's arguments: patterns of paths first, options after them
 */
function runTests(...rest) {
  install();
  const optionsAt = rest.findIndex((argument) => argument.startsWith('-'));
  const patterns = optionsAt < 0 ? rest : rest.slice(0, optionsAt);
  if (patterns.length > 0 && !hasEndToEndTests(patterns)) return runUnitTests(...rest);
  bundle();
  return hand(['--import', 'tsx', 'test/support/runner/run-tests.ts', ...rest]);
}

/** @param rest Jest's arguments: patterns of paths first, options after them */
function runUnitTests(...rest) {
  return hand([...jest, ...rest, '--selectProjects', 'unit']);
}

/** @param patterns Jest's, of paths */
function hasEndToEndTests(patterns) {
  const list = [...jest, ...patterns, '--listTests', '--selectProjects', 'e2e'];
  const { stdout, stderr, status } = spawnSync(process.execPath, list, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Jest cannot list its tests: ${stderr}`);
  return stdout.split('\n').some((line) => line.endsWith('.ts'));
}

/** How much of each room the tests that have just run went through. */
async function printCoverage() {
  const summary = join(root, 'coverage', 'coverage-summary.json');
  if (!existsSync(summary)) return;
  const { coverageTable } = await import('./coverage-table.mjs');
  console.log(coverageTable(JSON.parse(readFileSync(summary, 'utf8')), root));
}

/** In full, or with `--quick` the sample that `npm test` has of it. */
function runSuite(extent, path) {
  process.env[extent] = args.includes('--quick') ? 'sample' : 'all';
  return runTests(path, '--verbose');
}

function argumentAfter(name) {
  return args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
}

function lint() {
  const results = [
    node(jsOf.eslint, ['.', '--max-warnings', '0']),
    node(jsOf.prettier, ['--check', '--log-level', 'warn', '.']),
    node(jsOf.tsc, ['--noEmit']),
    node(jsOf.depcruise, ['--config', '.dependency-cruiser.cjs', 'src']),
    node('--import', ['tsx', 'scripts/lint/run.ts']),
  ];
  return results.every(({ status }) => status === 0) ? 0 : 1;
}

function node(script, scriptArgs) {
  return spawnSync(process.execPath, [script, ...scriptArgs], { cwd: root, stdio: 'inherit' });
}

function must({ status, error }) {
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs a Node process in place of this one: it gets the signals, and its exit code is ours. */
function hand(nodeArgs, node = process.execPath) {
  const child = spawn(node, nodeArgs, { cwd: root, stdio: 'inherit', env: environmentWith(node) });
  // A Ctrl-C reaches the child from the terminal too: whoever gets a signal twice obeys it once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
      resolve();
    });
  });
}
