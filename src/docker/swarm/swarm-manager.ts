import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { hasStatus } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import type { ServiceInspect, ServiceSpec, Task } from '../engine/swarm-types.js';

/** The calls that only a manager of a Swarm answers. Each may throw what those of the engine may. */
@Injectable()
export class SwarmManager {
  constructor(private readonly engine: Engine) {}

  /** A service as it was specified: with the defaults filled in, an update would write them down as if they had been set. */
  inspectService(nameOrId: string): Promise<ServiceInspect> {
    return this.engine.json('GET', this.engine.versioned(`/services/${encodeURIComponent(nameOrId)}`));
  }

  /**
   * The tasks of a service.
   * @param desiredStates only those of which Swarm wants one of these, such as `running`
   */
  listTasks(serviceId: string, desiredStates?: readonly string[]): Promise<Task[]> {
    const filters = { service: [serviceId], ...(desiredStates ? { 'desired-state': desiredStates } : {}) };
    return this.engine.json('GET', this.engine.versioned('/tasks'), { query: { filters: JSON.stringify(filters) } });
  }

  /**
   * Updates a service to a specification, which holds all of it.
   * @param version of the service that the specification was made from
   * @param registryAuth handed to the nodes; without it the credentials that the service has stay
   * @throws EngineError, see `isOutOfSequence`, where the service has changed since
   */
  async updateService(serviceId: string, version: number, spec: ServiceSpec, registryAuth?: string): Promise<string[]> {
    const query = { version: String(version), registryAuthFrom: 'spec' };
    return this.update(serviceId, query, spec, registryAuth);
  }

  /** Has a service go back to the specification before its last update. @throws as `updateService` */
  async rollBackService(serviceId: string, version: number, spec: ServiceSpec): Promise<string[]> {
    return this.update(serviceId, { version: String(version), registryAuthFrom: 'spec', rollback: 'previous' }, spec);
  }

  /** The last lines of a task's output, wherever it ran, as the engine sends them: multiplexed unless it has a terminal. */
  taskLogs(taskId: string, lines: number, signal: AbortSignal): Promise<IncomingMessage> {
    const query = { stdout: '1', stderr: '1', tail: String(lines) };
    return this.engine.send('GET', this.engine.versioned(`/tasks/${taskId}/logs`), { query, signal });
  }

  private async update(
    serviceId: string,
    query: Record<string, string>,
    body: ServiceSpec,
    registryAuth?: string,
  ): Promise<string[]> {
    const { Warnings } = await this.engine.json<{ Warnings?: string[] | null }>(
      'POST',
      this.engine.versioned(`/services/${serviceId}/update`),
      { query, body, registryAuth },
    );
    return Warnings ?? [];
  }
}

/** Whether an update was refused because the service has changed since it was looked at (swarmkit, `ErrSequenceConflict`). */
export function isOutOfSequence(error: unknown): boolean {
  return hasStatus(error, 400, 409, 500) && (error as Error).message.includes('update out of sequence');
}
