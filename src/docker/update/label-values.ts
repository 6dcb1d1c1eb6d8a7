import { optionKinds, type OptionName, type OptionValue } from '../../config/option-kinds.js';
import { labels, unknownLabels } from './labels.js';

/** What the labels of a container say; undefined where there is no such label. */
export type LabelValues = { [Name in LabelName]?: OptionValue<Name> };
type LabelName = OptionName & keyof typeof labels;

const names = Object.keys(labels).filter((name): name is LabelName => Object.hasOwn(optionKinds, name));

/**
 * Reads the labels that say how a container is updated: the only reader of their texts.
 * @throws Error if a label is unknown or its text is not understood, with its name and rule: an update must not guess
 */
export function readLabels(texts: Readonly<Record<string, string>>): LabelValues {
  const [unknown] = unknownLabels(texts);
  if (unknown !== undefined)
    throw new Error(`the label ${unknown} is unknown; there are ${Object.values(labels).join(', ')}`);
  const values: Record<string, unknown> = {};
  for (const name of names) values[name] = readLabel(texts, name);
  return values;
}

/** Reads one of them. @throws Error if its text is not understood, with its name and rule */
export function readLabel<Name extends LabelName>(
  texts: Readonly<Record<string, string>>,
  name: Name,
): OptionValue<Name> | undefined {
  const label = labels[name];
  if (!Object.hasOwn(texts, label)) return undefined;
  const text = texts[label] ?? '';
  const { parse, rule } = optionKinds[name];
  const value = parse(text);
  if (value !== undefined) return value as OptionValue<Name>;
  throw new Error(`the label ${label} must be ${rule}, not ${JSON.stringify(text.slice(0, 100))}`);
}
