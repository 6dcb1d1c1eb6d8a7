// Mutation tests, one room after the other: Stryker changes the code in one place at a time, and a test has to fail for it.
// Usage: node scripts/mutation.mjs [--quick] [room …]; writes docs/internals/mutation.md.
import { Stryker } from '@stryker-mutator/core';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import jestConfig from '../jest.config.mjs';
import { mutationPage, scoreOf } from './mutation-page.mjs';

const leastScore = 85;
const resultsFile = '.cache/mutation/results.json';
/** What decides who may do what, and what becomes of a container: what is mutated, and the specs that have to notice. */
const rooms = {
  'image-reference': ['src/docker/images/image-reference.ts'],
  queue: ['src/queue/shares.ts', 'src/queue/permissions.ts', 'src/queue/turns.ts', 'src/queue/retry-policy.ts'],
  rules: ['src/docker/rules/*.ts'],
  recovery: ['src/docker/recovery/*.ts'],
  auth: ['src/auth/*.ts'],
  recreate: ['src/docker/recreate/**/*.ts'],
};
const quickRooms = ['image-reference', 'queue'];

const args = process.argv.slice(2);
const named = args.filter((argument) => !argument.startsWith('-'));
const chosen = named.length > 0 ? named : args.includes('--quick') ? quickRooms : Object.keys(rooms);
const unknown = chosen.filter((room) => !(room in rooms));
if (unknown.length > 0) {
  console.error(`Unknown room "${unknown.join('", "')}". Rooms: ${Object.keys(rooms).join(', ')}.`);
  process.exit(2);
}

const results = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {};
for (const room of chosen) {
  const mutants = await mutate(room);
  results[room] = { day: new Date().toISOString().slice(0, 10), mutants };
  mkdirSync('.cache/mutation', { recursive: true });
  writeFileSync(resultsFile, JSON.stringify(results));
  console.log(`${room}: ${scoreOf(mutants).score.toFixed(1)} % of ${mutants.length} mutants`);
}
const inOrder = Object.fromEntries(
  Object.keys(rooms).flatMap((room) => (results[room] ? [[room, results[room]]] : [])),
);
mkdirSync('docs/internals', { recursive: true });
writeFileSync('docs/internals/mutation.md', mutationPage(inOrder, leastScore));
process.exit(chosen.some((room) => scoreOf(results[room].mutants).score < leastScore) ? 1 : 0);

/** @returns `{ file, line, mutator, status, replacement }` of each mutant that counts */
async function mutate(room) {
  const files = rooms[room];
  const [unit] = jestConfig.projects;
  const found = await new Stryker({
    testRunner: 'jest',
    plugins: ['@stryker-mutator/jest-runner'],
    testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
    coverageAnalysis: 'perTest',
    concurrency: 1,
    mutate: [...files, '!**/*.spec.ts', '!**/*.module.ts', '!**/*.d.ts'],
    // What a text says is for its reader to judge: no test pins it.
    mutator: { excludedMutations: ['StringLiteral'] },
    jest: {
      projectType: 'custom',
      enableFindRelatedTests: true,
      config: {
        ...unit,
        displayName: undefined,
        testMatch: files.map((file) => `<rootDir>/${file.replace(/\.ts$/, '.spec.ts')}`),
      },
    },
    ignorePatterns: ['**', '!src/**', '!test/support/**', '!package.json', '!tsconfig.json'],
    tempDirName: '.cache/stryker',
    reporters: ['progress-append-only'],
    checkers: [],
    timeoutMS: 30_000,
    allowConsoleColors: false,
    thresholds: { high: 100, low: leastScore, break: null },
  }).runMutationTest();
  rmSync('.cache/stryker', { recursive: true, force: true });
  return found
    .filter(({ status }) => status !== 'Ignored')
    .map(({ fileName, location, mutatorName, status, replacement }) => ({
      file: relative('.', fileName),
      line: location.start.line,
      ...{ mutator: mutatorName, status, replacement },
    }));
}
