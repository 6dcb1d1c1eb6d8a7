import { settingsSchema } from './settings.schema.js';

/** The table of settings in README.md, made from the schema, so that the two cannot differ. */
export function settingsTable(): string {
  const rows = Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const { description = '', default: fallback = name === 'SECRET_KEY' ? '**required**' : '–' } = (schema.meta() ??
      {}) as Record<string, string>;
    return `| \`${name}\` | ${fallback} | ${description} |`;
  });
  return ['| variable | default | what it is |', '|---|---|---|', ...rows].join('\n');
}
