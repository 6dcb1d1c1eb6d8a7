import * as z from 'zod';

/**
 * `?digest=`, as registries write it (OCI image spec, descriptor). Empty is wrong too: a variable of CI that was not set
 * must not pass for no wish.
 */
export const digestParameter = z
  .string('must be given once')
  .regex(/^sha256:[a-f0-9]{64}$/, 'must be sha256: and 64 lower-case hex digits, as the push printed it')
  .optional()
  .meta({
    description:
      'The digest that CI has just pushed, of an index or of a manifest: nothing changes until the registry serves it for the tag, and the deployment succeeds only where that is proved to run.',
  });
