const lineLimit = 500;
const logLimitBytes = 16 * 1024;

/** The last lines of a text that are not empty, each cut to 500 characters, in all at most 16 KiB. */
export function lastLines(text: string, count: number): string[] {
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(-count)
    .map((line) => line.slice(0, lineLimit));
  let bytes = 0;
  const first = lines.findLastIndex((line) => (bytes += Buffer.byteLength(line)) > logLimitBytes);
  return lines.slice(first + 1);
}
