import { settingsSchema } from './settings.schema.js';

/** The table of settings in README.md, made from the schema, so that the two cannot differ. */
export function settingsTable(): string {
  const rows = Object.entries(settingsSchema.shape).flatMap(([name, schema]) => {
    const { description = '', default: fallback = '–', secret = false } = schema.meta() ?? {};
    const row = `| \`${name}\` | ${String(fallback)} | ${description} |`;
    if (!secret) return [row];
    return [row, `| \`${name}_FILE\` | – | A file that holds \`${name}\`; one trailing line break is not of it. |`];
  });
  return ['| variable | default | what it is |', '|---|---|---|', ...rows].join('\n');
}
