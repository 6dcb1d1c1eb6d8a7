/** The commands that people may give. Another one, `self-update`, is the helper's. */
export const usage = `Without a command, the service starts. Commands:
  check [CONTAINER…]  say what an update would do, of each container or of those named; touches nothing
  recover             put right what interrupted updates left behind, once, and end
  version             print the version
  help                print this text
`;

const takesContainers = new Set(['check', 'self-update']);
const helpWords = new Set(['help', '--help', '-h']);

/** Whether a command line asks what the commands are, wherever it does so. */
export function asksForHelp(words: readonly string[]): boolean {
  return words.some((word, index) => helpWords.has(word) && (index === 0 || word.startsWith('-')));
}

/**
 * Why a command does not take the words that follow it; undefined if it does. Pure.
 * @param words the command, then what follows it
 */
export function misusedCommand([command = '', ...words]: readonly string[]): string | undefined {
  if (!takesContainers.has(command))
    return words.length > 0 ? `${command} takes no arguments, and was given ${words.join(' ')}` : undefined;
  const option = words.find((word) => word.startsWith('-'));
  return option === undefined ? undefined : `${command} has no option ${option}`;
}
