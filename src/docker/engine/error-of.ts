/** The error that a step failed with, for a caller that goes on all the same; undefined if it succeeded. Never throws. */
export async function errorOf(step: Promise<void>): Promise<Error | undefined> {
  try {
    await step;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
