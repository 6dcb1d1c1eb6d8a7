import * as z from 'zod';
import { containerName } from '../deployments/container-name.js';
import { deploymentStatuses } from '../deployments/deployment.js';
import { waitSeconds } from '../notify/wait.js';
import { wholeNumberParameter } from '../http/query.pipe.js';

const listedAtMost = 200;
const listedByDefault = 50;

/** What `GET /deployments/{id}` may be asked. */
export const showQuery = z.object({ wait: waitSeconds });

/** What `GET /deployments` may be asked. */
export const listQuery = z.object({
  container: containerName.optional().meta({ description: 'Only those of this container.' }),
  status: z
    .enum(deploymentStatuses, `must be one of ${deploymentStatuses.join(', ')}`)
    .optional()
    .meta({ description: 'Only those that have this status.' }),
  limit: wholeNumberParameter(1, listedAtMost).default(listedByDefault).meta({
    description: 'How many at most, the newest first.',
  }),
});
