import * as z from 'zod';
import { hostNamePattern } from '../../common/host-name.js';
import { containerName } from '../container-name.js';
import { isDeploymentId, isFinished, targetKinds, unsuccessfulStatuses, type Deployment } from '../deployment.js';

/** A deployment as it is stored: its record, and what only those know who work on it. */
export interface StoredDeployment {
  deployment: Deployment;
  /** See `Permissions` in src/queue. */
  permissions: readonly (readonly string[])[];
  /** The accounts of all who asked for it. */
  askedBy?: readonly string[];
  /** The host that it is for. */
  host?: string;
  /** Where it is for several hosts: how they follow each other. */
  rollout?: { parallel: number; stopAtFailure: boolean };
  overtakenBy?: string;
  /** Nobody who asked for it may end one of the other kind that waits to be tried again: it waits for that. */
  maySupersede?: false;
  /** Somebody is about to begin it: nobody may join it any more. */
  taken?: true;
  /** Somebody is about to drop it: nobody may begin it any more. */
  withdrawn?: true;
}

const text = z.string();
/** The id of a deployment. */
export const storedId = z.string().refine(isDeploymentId, 'must be the id of a deployment');
const time = z.iso.datetime();
const host = z.string().regex(hostNamePattern);
const result = z.enum(['updated', 'up_to_date']);

const error = z.looseObject({
  code: text,
  stage: text.optional(),
  message: text,
  servedDigest: text.optional(),
  retryAt: text.optional(),
  supersededBy: z.looseObject({ deploymentId: text, digest: text.optional() }).optional(),
  exitCode: z.number().optional(),
  healthOutput: text.optional(),
  logTail: z.array(text).optional(),
  evidenceOf: text.optional(),
});

const ofPart = { host, deploymentId: storedId };
const hostPart = z.discriminatedUnion('status', [
  z.looseObject({ ...ofPart, status: z.enum(['queued', 'running']) }),
  z.looseObject({ ...ofPart, status: z.literal('succeeded'), result }),
  z.looseObject({
    ...ofPart,
    status: z.enum(unsuccessfulStatuses),
    error: z.looseObject({ code: text, stage: text.optional(), message: text }),
  }),
]);

const facts = {
  id: storedId,
  container: containerName,
  kind: z.enum(['notify', 'rollback']),
  target: z.enum(targetKinds).optional(),
  retry: z.boolean().optional(),
  startStopped: z.boolean().optional(),
  requestedBy: text,
  requestId: text.optional(),
  traceId: text.optional(),
  queuedAt: time,
  expectedDigest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  host: host.optional(),
  partOf: storedId.optional(),
  hosts: z.array(hostPart).optional(),
  coalesced: z.int(),
  coalescedFrom: z.array(text),
  attempts: z.int(),
  stages: z.array(z.looseObject({ stage: text, startedAt: time, durationMs: z.number().optional() })),
  retries: z.array(z.looseObject({ stage: text, code: text, message: text, notBefore: time })).optional(),
  service: text.optional(),
  image: text.optional(),
  fromImageId: text.optional(),
  toImageId: text.optional(),
  fromDigest: text.optional(),
  digest: text.optional(),
  containerId: text.optional(),
  pulledBytes: z.number().optional(),
  tagRestored: z.boolean().optional(),
  downtimeMs: z.number().optional(),
  running: z.boolean().optional(),
  dependents: z.array(z.looseObject({ name: text, fromContainerId: text, containerId: text })).optional(),
  warnings: z.array(text).optional(),
} satisfies Record<
  Exclude<keyof Deployment, 'status' | 'notBefore' | 'startedAt' | 'finishedAt' | 'result' | 'error'>,
  z.ZodType
>;

const deployment = z.discriminatedUnion('status', [
  z.looseObject({ ...facts, status: z.literal('queued'), notBefore: time.optional(), startedAt: time.optional() }),
  z.looseObject({ ...facts, status: z.literal('running'), startedAt: time }),
  z.looseObject({ ...facts, status: z.literal('succeeded'), startedAt: time, finishedAt: time, result }),
  z.looseObject({
    ...facts,
    status: z.enum(unsuccessfulStatuses),
    startedAt: time.optional(),
    finishedAt: time,
    error,
  }),
]);

/**
 * A record as it stands in Redis. Fields that a newer version adds are kept as they are; a field of a known name with
 * something else in it makes the whole record unreadable, for what it asks for is not known then.
 */
export const storedDeploymentSchema: z.ZodType<StoredDeployment> = z
  .looseObject({
    deployment,
    permissions: z.array(z.array(text)),
    askedBy: z.array(text).optional(),
    host: host.optional(),
    rollout: z.looseObject({ parallel: z.int().min(1), stopAtFailure: z.boolean() }).optional(),
    overtakenBy: text.optional(),
    maySupersede: z.literal(false).optional(),
    taken: z.literal(true).optional(),
    withdrawn: z.literal(true).optional(),
  })
  .refine(
    ({ deployment, rollout }) => !rollout || isFinished(deployment) || (deployment.hosts ?? []).length > 0,
    'a rollout must have hosts',
  );
