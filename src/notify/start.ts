import * as z from 'zod';

/** `?start=`: what is neither of the two is refused, because whoever means a start must get one. */
export const startParameter = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => (text === 'true' ? true : undefined))
  .optional()
  .meta({
    description:
      'With `true` a container that does not run is started, and proved, also if it is up to date; if that fails, it is stopped as before. Without, it stays stopped.',
  });
