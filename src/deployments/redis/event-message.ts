import * as z from 'zod';
import { containerName } from '../container-name.js';
import { recordedEvents, type PassingEvent, type RelayedEvent } from '../deployment-events.js';
import { storedId } from './stored-deployment.js';

/** What one process tells the others by Redis. */
export interface EventMessage {
  /** The process that sent it. */
  origin: string;
  event: Omit<RelayedEvent, 'relayed'> | PassingEvent;
}

const count = z.number().min(0);

/**
 * A message as it comes. Of a deployment it says only which one: whoever may write to the channel can say anything, so that the record
 * is looked at. Fields of newer versions are passed over; an event that this version does not know makes the message unreadable.
 */
export const eventMessageSchema: z.ZodType<EventMessage> = z.looseObject({
  origin: z.string(),
  event: z.discriminatedUnion('type', [
    z.object({
      type: z.enum(recordedEvents),
      deployment: z.object({ id: storedId, container: containerName, partOf: storedId.optional() }),
    }),
    z.object({
      type: z.literal('progress'),
      deploymentId: storedId,
      progress: z.object({ layersDone: count, layersTotal: count, currentBytes: count, totalBytes: count }),
    }),
    z.object({ type: z.literal('log'), deploymentId: storedId, lines: z.array(z.string()), of: z.string().optional() }),
  ]),
});
