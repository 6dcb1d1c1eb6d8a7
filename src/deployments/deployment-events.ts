import { Injectable, Logger } from '@nestjs/common';
import type { Deployment, FinishedDeployment } from './deployment.js';

/**
 * What happens to a deployment, with its record as it is afterwards:
 * `queued` it was accepted · `coalesced` a later request joined it · `started` it was taken out of the queue ·
 * `stage` it entered the last one of its stages · `postponed` it waits again, to be tried later · `finished` it ended,
 * however it did; `hasRun` if it did not wait then.
 *
 * And what goes by without being recorded: `progress` of the pull, twice a second at most · `log` the last lines of a new
 * container that failed, secrets masked; `of` names it when it is not the one that the deployment is for.
 */
export type DeploymentEvent = OwnEvent | RelayedEvent | (PassingEvent & { relayed?: true });

/** It happened in this process. */
export type OwnEvent = { relayed?: never } & (
  | { type: Exclude<RecordedEvent, 'finished'>; deployment: Deployment }
  | { type: 'finished'; deployment: FinishedDeployment; hasRun: boolean }
);

/**
 * It happened in another process, which counts it and tells of it; or somebody says so. Who is told here looks at the record: that
 * decides, not the message.
 */
export interface RelayedEvent {
  type: RecordedEvent;
  deployment: DeploymentHint;
  relayed: true;
}

/** Which record to look at. */
export type DeploymentHint = Pick<Deployment, 'id' | 'container' | 'partOf'>;

export type PassingEvent =
  | { type: 'progress'; deploymentId: string; progress: PullProgress }
  | { type: 'log'; deploymentId: string; lines: string[]; of?: string };

export const recordedEvents = ['queued', 'coalesced', 'started', 'stage', 'postponed', 'finished'] as const;
export type RecordedEvent = (typeof recordedEvents)[number];

/** How far a pull has come, as far as the engine says. */
export interface PullProgress {
  layersDone: number;
  layersTotal: number;
  currentBytes: number;
  totalBytes: number;
}

export type DeploymentListener = (event: DeploymentEvent) => void;

/**
 * Where everybody learns what happens to deployments: waiting callers, event streams, metrics, notifications. Fed by
 * DeploymentsService alone, right after the record was stored. Listeners are called at once, in the order in which they
 * came, and must not take long; what one throws is logged and reaches neither the deployment nor the other listeners.
 */
@Injectable()
export class DeploymentEvents {
  private readonly logger = new Logger('Events');
  private readonly listeners = new Set<DeploymentListener>();

  /** Calls the listener from now on, until the returned function is called. */
  subscribe(listener: DeploymentListener): () => void {
    // Wrapped, so that a listener that subscribes twice is called twice, and ends each by itself.
    const entry: DeploymentListener = (event) => {
      listener(event);
    };
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  emit(event: DeploymentEvent): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.logger.error(
          `a listener failed on the event ${event.type}`,
          error instanceof Error ? error.stack : String(error),
        );
      }
    }
  }

  /** How many listen. */
  get size(): number {
    return this.listeners.size;
  }
}
