import * as z from 'zod';
import { failureCodes } from './failure-codes.js';
import { containerName } from '../deployments/container-name.js';
import { deploymentStatuses, targetKinds } from '../deployments/deployment.js';
import type { ShownDeployment } from './deployments.controller.js';

const time = z.iso.datetime();
const digest = z.string().meta({ pattern: '^sha256:[0-9a-f]{64}$' });

const stage = z.looseObject({
  stage: z.string(),
  startedAt: time,
  durationMs: z.number().optional().meta({ description: 'Absent while the stage goes on.' }),
});

const error = z.looseObject({
  code: z.string().meta({
    description: `Stable; README.md says what each one means: ${failureCodes.map((code) => `\`${code}\``).join(', ')}.`,
  }),
  stage: z.string().optional(),
  message: z.string().meta({ description: 'For people; secrets are masked.' }),
  servedDigest: digest.optional().meta({ description: 'What the registry serves instead of the expected digest.' }),
  retryAt: time.optional().meta({ description: 'When a registry that limits pulls may answer again.' }),
  supersededBy: z
    .looseObject({ deploymentId: z.uuid(), digest: digest.optional() })
    .optional()
    .meta({ description: 'The later deployment that overtook this one.' }),
  exitCode: z.int().optional(),
  healthOutput: z.string().optional(),
  logTail: z.array(z.string()).optional(),
  evidenceOf: z.string().optional(),
});

const retry = z.looseObject({ stage: z.string(), code: z.string(), message: z.string(), notBefore: time });

const dependent = z.looseObject({ name: containerName, fromContainerId: z.string(), containerId: z.string() });

const hostPart = z.looseObject({
  host: z.string(),
  deploymentId: z.uuid().meta({ description: "The id of the host's own record, once it was begun." }),
  status: z.enum(deploymentStatuses),
  result: z.enum(['updated', 'up_to_date']).optional(),
  error: z.looseObject({ code: z.string(), stage: z.string().optional(), message: z.string() }).optional(),
});

/** All that is told of a deployment: a field that is added to the record has to be written down here. */
const shownFields = {
  id: z.uuid(),
  container: containerName,
  kind: z.enum(['notify', 'rollback']).meta({ description: 'What was asked for.' }),
  target: z.enum(targetKinds).optional().meta({ description: 'What the name has to mean, where `?kind=` says it.' }),
  retry: z
    .boolean()
    .optional()
    .meta({ description: 'Whether an image from which an update was rolled back is tried again.' }),
  requestedBy: z.string().optional().meta({ description: 'Who asked first; not for callers that may only notify.' }),
  requestId: z.string().optional(),
  traceId: z.string().optional().meta({ description: 'Of the trace that the request was part of (W3C).' }),
  status: z.enum(deploymentStatuses),
  result: z.enum(['updated', 'up_to_date']).optional(),
  position: z.int().optional().meta({ description: 'Its place in the queue while it waits; 1 is next.' }),
  queuedAt: time,
  startedAt: time.optional(),
  finishedAt: time.optional(),
  expectedDigest: digest.optional().meta({ description: 'What the callers expect the registry to serve.' }),
  startStopped: z.boolean().optional().meta({ description: 'Whether `?start=true` was asked for.' }),
  attempts: z.int().meta({ description: 'How often it was begun.' }),
  retries: z.array(retry).optional().meta({ description: 'The last attempts that came to nothing, oldest first.' }),
  notBefore: time.optional().meta({ description: 'While it waits to be tried again: when, at the earliest.' }),
  coalesced: z.int().meta({ description: 'How many later requests joined it while it waited.' }),
  coalescedFrom: z
    .array(z.string())
    .optional()
    .meta({ description: 'Who sent them: each caller once, the last twenty.' }),
  stages: z.array(stage),
  service: z.string().optional().meta({ description: 'The Swarm service that was updated, in place of a container.' }),
  image: z.string().optional().meta({ description: 'The reference that the container is configured with.' }),
  fromImageId: digest.optional(),
  toImageId: digest.optional(),
  fromDigest: digest.optional().meta({ description: "The registry's digest of the image before." }),
  digest: digest.optional().meta({ description: "The registry's digest of the image that was pulled." }),
  containerId: z.string().optional(),
  pulledBytes: z.int().optional(),
  tagRestored: z.boolean().optional().meta({ description: 'Whether a rollback put the local tag back.' }),
  downtimeMs: z.number().optional().meta({ description: 'How long no container ran under the name.' }),
  running: z.boolean().optional(),
  dependents: z.array(dependent).optional().meta({ description: 'The containers that were replaced with it.' }),
  warnings: z.array(z.string()).optional(),
  host: z.string().optional().meta({ description: 'The host that it is for, in a fleet.' }),
  partOf: z.uuid().optional().meta({ description: 'The deployment of several hosts that it is a part of.' }),
  hosts: z.array(hostPart).optional().meta({ description: 'What has become of it on each of several hosts.' }),
  error: error.optional(),
} satisfies Record<keyof ShownDeployment, z.ZodType>;

/** A deployment as it is shown. */
export const deploymentSchema = z.looseObject(shownFields).meta({ id: 'Deployment' });

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

const valueNames = z.array(z.string());

/** What would become of an update. */
export const planSchema = z
  .looseObject({
    container: containerName,
    service: z.string().optional().meta({ description: 'The Swarm service that the name leads to.' }),
    image: z.string().optional(),
    fromImageId: digest.optional(),
    fromDigest: digest.optional(),
    eligible: z.boolean().meta({ description: 'Whether it would be begun; otherwise `refusal` says why not.' }),
    refusal: z.looseObject({ code: z.string(), stage: z.string(), message: z.string() }).optional(),
    order: z.enum(['stop-first', 'start-first']).optional(),
    onFailure: z
      .enum(['rollback', 'stop', 'pause', 'continue'])
      .optional()
      .meta({ description: 'Of a service it is the failure action of its update configuration.' }),
    parallelism: z.int().optional().meta({ description: 'How many tasks of a service are replaced at a time.' }),
    replicas: z.int().optional().meta({ description: 'How many tasks a service is to have.' }),
    proof: z
      .looseObject({ mode: z.enum(['healthy', 'running', 'none']), settleMs: z.number(), timeoutMs: z.number() })
      .optional(),
    startFirst: z.looseObject({ possible: z.boolean(), reason: z.string().optional() }).optional(),
    dependents: z.array(containerName).optional().meta({ description: 'What would be replaced with it.' }),
    values: z
      .looseObject({
        user: valueNames.meta({ description: 'Set on the container, and carried over.' }),
        image: valueNames.meta({ description: "The image's own, and replaced by a new image's." }),
      })
      .optional()
      .meta({ description: 'Names, never values: `Env.PATH`.' }),
    warnings: z.array(z.string()).optional(),
  })
  .meta({ id: 'Plan' });
