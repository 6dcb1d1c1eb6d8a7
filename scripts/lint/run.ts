// What `npm run lint` checks by looking at texts alone, beside ESLint, Prettier, types and arrows. Usage: node --import tsx scripts/lint/run.ts
import { documentationBlocks } from './documentation-blocks.js';
import { exportedNames } from './exported-names.js';
import { otherUpdaters } from './other-updaters.js';
import { sourcesOf } from './sources.js';

const sources = sourcesOf(['src', 'test', 'bench', 'scripts']);
const problems = [...exportedNames(sources), ...documentationBlocks(), ...otherUpdaters()];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
