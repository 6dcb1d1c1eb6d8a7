// What docs/internals/mutation.md says.

/**
 * @param mutants `{ status }` of each, as Stryker calls it
 * @returns how many a test noticed, of those that could run; the share in per cent
 */
export function scoreOf(mutants) {
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const killed = count('Killed', 'Timeout');
  const survived = count('Survived');
  const uncovered = count('NoCoverage');
  const all = killed + survived + uncovered;
  return { killed, survived, uncovered, score: all === 0 ? 100 : (100 * killed) / all };
}

/**
 * @param results `{ [room]: { day, mutants } }`
 * @param leastScore what the score has to be, in per cent
 * @returns the page, in Markdown
 */
export function mutationPage(results, leastScore) {
  const all = Object.values(results).flatMap(({ mutants }) => mutants);
  const rows = Object.entries(results).map(([room, { day, mutants }]) => {
    const { killed, survived, uncovered, score } = scoreOf(mutants);
    return `| ${room} | ${score.toFixed(1)} % | ${killed} | ${survived} | ${uncovered} | ${day} |`;
  });
  const alive = Object.entries(survivorsByFile(all)).map(([file, lines]) => `| \`${file}\` | ${lines.join(', ')} |`);
  return [
    `# Mutation tests: ${scoreOf(all).score.toFixed(1)} %`,
    '',
    `Stryker changes the code in one place at a time: it inverts a condition, empties a block, removes a check. A unit test has to fail for it.`,
    `\`npm run test:mutation\` writes this page. A room passes with ${leastScore} %. Texts are not changed, because no test pins what they say.`,
    '',
    '| room | score | killed | survived | without a test | last run |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    '## What survived',
    '',
    '| file | lines |',
    '|---|---|',
    ...alive,
    '',
  ].join('\n');
}

function survivorsByFile(mutants) {
  const files = {};
  for (const { file, line, status } of mutants) {
    if (status !== 'Survived' && status !== 'NoCoverage') continue;
    files[file] ??= [];
    if (!files[file].includes(line)) files[file].push(line);
  }
  for (const lines of Object.values(files)) lines.sort((one, other) => one - other);
  return files;
}
