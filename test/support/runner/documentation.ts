import { readFileSync } from 'node:fs';

/** A fenced block of a Markdown file. */
export interface CodeBlock {
  file: string;
  /** What stands behind the opening fence, `text` where nothing does. */
  language: string;
  text: string;
}

/** All fenced blocks of a Markdown file, in order, those in lists too (without their indentation). */
export function codeBlocks(file: string): CodeBlock[] {
  return [...readFileSync(file, 'utf8').matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms)].map(
    ([, indentation = '', language = '', text = '']) => ({
      file,
      language: language || 'text',
      text: text.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
    }),
  );
}

/**
 * The command in a file's blocks that holds `part`, continued lines joined.
 * @throws Error where there is none
 */
export function commandFrom(file: string, part: string): string {
  const command = codeBlocks(file)
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .find((line) => line.includes(part));
  if (!command) throw new Error(`${file} has no command with ${part}`);
  return command.trim();
}
