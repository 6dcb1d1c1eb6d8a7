import * as z from 'zod';
import { hostNamePattern } from '../common/host-name.js';
import { targetKinds } from '../deployments/deployment.js';
import { waitSeconds } from './wait.js';
import { wholeNumberParameter } from '../http/query.pipe.js';

const mostAtOnce = 1000;

/** `true` or `false`: anything else is refused, because whoever means `true` must get it. */
const flag = z.enum(['true', 'false'], 'must be true or false');

/**
 * `?digest=`, as registries write it (OCI image spec, descriptor). Empty is wrong too: a variable of CI that was not set
 * must not pass for no wish.
 */
const digest = z
  .string('must be given once')
  .regex(/^sha256:[a-f0-9]{64}$/, 'must be sha256: and 64 lower-case hex digits, as the push printed it')
  .optional()
  .meta({
    description:
      'The digest that CI has just pushed, of an index or of a manifest: nothing changes until the registry serves it for the tag, and the deployment succeeds only where that is proved to run.',
  });

/** `?start=` */
const start = flag
  .transform((text) => text === 'true' || undefined)
  .optional()
  .meta({
    description:
      'With `true` a container that does not run is started, and proved, also if it is up to date; if that fails, it is stopped as before. Without, it stays stopped.',
  });

/** `?dry_run=` */
const dryRun = flag
  .transform((text) => text === 'true')
  .optional()
  .meta({
    description:
      'With `true` nothing is enqueued and nothing touched: the answer is what would become of the update. `wait` and `digest` have no meaning then.',
  });

/** `?retry=`: absent and `false` are the same, so that requests with either are joined. */
const retry = flag
  .transform((text) => text === 'true' || undefined)
  .optional()
  .meta({
    description:
      'With `true` an image from which an update was rolled back is tried again; without it the deployment fails with `known_bad`.',
  });

/** `?kind=`: what the name means. */
const kind = z.enum(targetKinds, 'must be container or service').optional().meta({
  description:
    'What the name means: a container, or a service of the Swarm that the engine manages. Without it a container of that name wins, and a container that is a task of a service leads to the service.',
});

/** `?host=`, in a fleet. */
const host = z
  .string('must be given once')
  .regex(hostNamePattern, 'must be the name of a host, as its HOST_NAME says it')
  .optional()
  .meta({ description: 'In a fleet: this host alone, not every one that has the container.' });

/** `?parallel=`, in a fleet. */
const parallel = wholeNumberParameter(1, mostAtOnce)
  .optional()
  .meta({ description: 'In a fleet: on how many hosts at once; one after the other where it is absent.' });

/** What a notify may ask for. */
export const notifyQuery = z.object({ wait: waitSeconds, digest, start, dry_run: dryRun, retry, kind, host, parallel });
export type NotifyQuery = z.output<typeof notifyQuery>;

/** What a request to go back may ask for. */
export const rollbackQuery = z.object({ wait: waitSeconds, kind, host, parallel });
export type RollbackQuery = z.output<typeof rollbackQuery>;
