import * as z from 'zod';

/** `?retry=`: absent and `false` are the same, so that requests with either are joined. */
export const retryParameter = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true' || undefined)
  .optional()
  .meta({
    description:
      'With `true` an image from which the last update was rolled back is tried again; without it the deployment fails with `known_bad`.',
  });
