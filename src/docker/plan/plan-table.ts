import type { ContainerPlan } from './plan.js';

/**
 * The plans as a table for people: one line each, the columns aligned, with what is too long for it in footnotes. Pure.
 * @returns text that ends with a line break
 */
export function planTable(plans: readonly ContainerPlan[]): string {
  const notes: string[] = [];
  const noted = (word: string, reason: string): string => {
    if (!notes.includes(reason)) notes.push(reason);
    return `${word} (${notes.indexOf(reason) + 1})`;
  };
  const rows = plans.map((plan) => [plan.container, plan.image ?? '-', ...cellsOf(plan, noted)]);
  const table = aligned([
    ['CONTAINER', 'IMAGE', 'UPDATE', 'PROOF', 'START-FIRST', 'DEPENDENTS', 'SET BY YOU', "THE IMAGE'S"],
    ...rows,
  ]);
  return [...table, '', ...notes.map((note, index) => `(${index + 1}) ${note}`), summary(plans), ''].join('\n');
}

function cellsOf(plan: ContainerPlan, noted: (word: string, reason: string) => string): string[] {
  if (!plan.eligible) return [noted('refused', plan.refusal.message), '-', '-', '-', '-', '-'];
  const { order, proof, startFirst, dependents, values, warnings } = plan;
  const update = warnings.length > 0 ? noted(order, warnings.join('; ')) : order;
  return [
    update,
    { healthy: 'healthy', running: `runs ${proof.settleMs / 1000} s`, none: 'none' }[proof.mode],
    startFirst.possible ? 'possible' : noted('no', startFirst.reason),
    dependents.join(', ') || '-',
    counted(values.user),
    counted(values.image),
  ];
}

/** `Env.A`, `Env.B`, `Cmd` as `2 Env, Cmd`. */
function counted(names: readonly string[]): string {
  const fields = new Map<string, number>();
  for (const name of names) {
    const [field = ''] = name.split('.', 1);
    fields.set(field, (fields.get(field) ?? 0) + 1);
  }
  const isWhole = (field: string): boolean => names.includes(field);
  return [...fields].map(([field, count]) => (isWhole(field) ? field : `${count} ${field}`)).join(', ') || '-';
}

function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function summary(plans: readonly ContainerPlan[]): string {
  const refused = plans.filter(({ eligible }) => !eligible).length;
  return `${plans.length} containers: ${plans.length - refused} may be updated, ${refused} would be refused. Nothing was touched.`;
}
