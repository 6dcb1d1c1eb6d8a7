import * as z from 'zod';
import { containerName } from '../deployments/container-name.js';
import { deploymentStatuses } from '../deployments/deployment.js';

const time = z.iso.datetime();
const digest = z.string().meta({ pattern: '^sha256:[0-9a-f]{64}$' });

const stage = z.looseObject({
  stage: z.string(),
  startedAt: time,
  durationMs: z.number().optional().meta({ description: 'Absent while the stage goes on.' }),
});

const error = z.looseObject({
  code: z.string().meta({ description: 'Stable; README.md says what each one means.' }),
  stage: z.string().optional(),
  message: z.string().meta({ description: 'For people; secrets are masked.' }),
  exitCode: z.int().optional(),
  healthOutput: z.string().optional(),
  logTail: z.array(z.string()).optional(),
});

/** A deployment as it is shown; more may be told than is written down here. */
export const deploymentSchema = z
  .looseObject({
    id: z.uuid(),
    container: containerName,
    requestedBy: z.string(),
    status: z.enum(deploymentStatuses),
    result: z.enum(['updated', 'up_to_date']).optional(),
    position: z.int().optional().meta({ description: 'Its place in the queue while it waits; 1 is next.' }),
    queuedAt: time,
    startedAt: time.optional(),
    finishedAt: time.optional(),
    expectedDigest: digest.optional().meta({ description: 'What the callers expect the registry to serve.' }),
    attempts: z.int().meta({ description: 'How often it was begun.' }),
    notBefore: time.optional().meta({ description: 'While it waits to be tried again: when, at the earliest.' }),
    coalesced: z.int().meta({ description: 'How many later requests joined it while it waited.' }),
    coalescedFrom: z.array(z.string()).meta({ description: 'Who sent them: each caller once, the last twenty.' }),
    stages: z.array(stage),
    image: z.string().optional().meta({ description: 'The reference that the container is configured with.' }),
    fromImageId: digest.optional(),
    toImageId: digest.optional(),
    fromDigest: digest.optional(),
    digest: digest.optional().meta({ description: "The registry's digest of the image that was pulled." }),
    containerId: z.string().optional(),
    downtimeMs: z.number().optional().meta({ description: 'How long no container ran under the name.' }),
    running: z.boolean().optional(),
    warnings: z.array(z.string()).optional(),
    error: error.optional(),
  })
  .meta({ id: 'Deployment' });

/** The answer to a notify that does not wait. */
export const acceptedSchema = z
  .looseObject({
    container: containerName,
    id: z.uuid(),
    status: z.literal('queued'),
    coalesced: z.boolean().meta({ description: 'Whether it joined a request that waited.' }),
    position: z.int(),
  })
  .meta({ id: 'Accepted' });

/** A problem detail (RFC 9457). */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; README.md says what each one means.' }),
    detail: z.string(),
    deployment: deploymentSchema.optional(),
  })
  .meta({ id: 'Problem' });
