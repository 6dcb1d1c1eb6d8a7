import { text } from 'node:stream/consumers';

/** Reads the engine's progress to its end. @throws Error with the failure that it tells: the status of the answer was 200 */
export async function finish(stream: NodeJS.ReadableStream, what: string): Promise<void> {
  const output = await text(stream);
  const failure = output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { error?: string })
    .find(({ error }) => error);
  if (failure) throw new Error(`${what}: ${String(failure.error)}`);
}
