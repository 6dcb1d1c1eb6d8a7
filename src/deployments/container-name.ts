import * as z from 'zod';

/** Docker's own rule for names (moby daemon/names: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`), and a bound that no name in use exceeds. */
export const containerName = z
  .string()
  .max(255, 'must have at most 255 characters')
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
    'must be 2 or more letters, digits, "_", "." or "-", beginning with a letter or digit',
  );
