import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { Public } from '../auth/access.decorators.js';
import { DockerService } from '../docker/docker.service.js';
import { QueueService } from '../queue/queue.service.js';
import { WorkerService } from '../queue/worker.service.js';
import { RedisConnections } from '../redis/redis-connections.js';
import { refusalOf } from '../redis/redis-unavailable.js';

const engineTimeoutMs = 1500;
/** Anybody may ask for the health, so that asking often must not reach the engine often. */
const engineCacheMs = 1000;
const redisCacheMs = 1000;

/** Live, ready, and the report. Without credentials, and without anything that only a caller with credentials may know. */
@Controller('health')
@Public()
export class HealthController {
  private redisAsked: { at: number; problem: Promise<string | undefined> } = {
    at: -Infinity,
    problem: Promise.resolve(undefined),
  };

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly worker: WorkerService,
    private readonly queue: QueueService,
    private readonly docker: DockerService,
    @Inject(RedisConnections) private readonly redis: RedisConnections | undefined,
  ) {}

  /** 200 as long as the process and its worker live, also while the engine is away and while draining. */
  @Get()
  report(): Promise<HealthCheckResult> {
    return this.alsoWhileStopping([() => this.workerIsAlive(), ...this.engineChecks(), ...this.redisState()]);
  }

  /** The same, terse: for liveness probes. */
  @Get('live')
  live(): Promise<HealthCheckResult> {
    return this.alsoWhileStopping([() => this.workerIsAlive()]);
  }

  /** 503 with the reason while the engine or a Redis is away, until interrupted updates have been looked for, and while stopping. */
  @Get('ready')
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.workerIsReady(),
      ...[...this.engineChecks(), ...this.redisState()].map((check) => async () => downWhereDegraded(await check())),
    ]);
  }

  private async workerIsAlive(): Promise<HealthIndicatorResult> {
    const session = this.indicators.check('worker');
    // A worker that has come to its end because of a stop is as it should be.
    if (this.worker.isNeeded && !this.worker.isAlive && !this.worker.isStopping)
      return session.down('the worker has ended');
    return session.up({
      busy: this.worker.current !== undefined,
      // Unknown while a Redis is away: no reason to be killed.
      waiting: await this.queue.size().catch(() => undefined),
      stopping: this.worker.isStopping,
    });
  }

  private workerIsReady(): HealthIndicatorResult {
    const session = this.indicators.check('worker');
    if (this.worker.isStopping) return session.down('stopping');
    if (!this.worker.isNeeded) return session.up();
    if (this.worker.mustRecover) return session.down('interrupted updates have not been put right yet');
    return this.worker.isAlive ? session.up() : session.down('the worker has ended');
  }

  private engineChecks(): (() => Promise<HealthIndicatorResult>)[] {
    return this.worker.isNeeded ? [() => this.engineState()] : [];
  }

  private async engineState(): Promise<HealthIndicatorResult> {
    const session = this.indicators.check('engine');
    const { engine } = await session
      .attempt(({ signal }) => this.docker.ping(signal).catch(() => Promise.reject(new Error('unreachable'))))
      .withTimeout(engineTimeoutMs)
      .cacheFor(engineCacheMs);
    return engine.status === 'up' ? session.up() : session.degraded('the engine does not answer');
  }

  /** No check where there is no Redis. */
  private redisState(): (() => Promise<HealthIndicatorResult>)[] {
    if (!this.redis) return [];
    return [
      async () => {
        const session = this.indicators.check('redis');
        const problem = await this.redisProblem();
        return problem === undefined ? session.up() : session.degraded(problem);
      },
    ];
  }

  /** What is asked of Redis is written to its disk: however many probes come, once a second at most. */
  private redisProblem(): Promise<string | undefined> {
    const now = performance.now();
    if (now - this.redisAsked.at > redisCacheMs) {
      const problem = this.queue.probe().then(
        () => undefined,
        (error: unknown) => {
          const refusal = refusalOf(error);
          return refusal === undefined ? 'Redis does not answer' : `Redis cannot be used: ${refusal}`;
        },
      );
      this.redisAsked = { at: now, problem };
    }
    return this.redisAsked.problem;
  }

  /** Terminus answers 503 from the moment a stop begins; a probe of liveness must not. */
  private async alsoWhileStopping(checks: Parameters<HealthCheckService['check']>[0]): Promise<HealthCheckResult> {
    try {
      return await this.health.check(checks);
    } catch (error) {
      const result =
        error instanceof ServiceUnavailableException ? (error.getResponse() as HealthCheckResult) : undefined;
      if (result?.status === 'shutting_down' && Object.keys(result.error ?? {}).length === 0) return result;
      throw error;
    }
  }
}

function downWhereDegraded(result: HealthIndicatorResult): HealthIndicatorResult {
  return Object.fromEntries(
    Object.entries(result).map(([key, value]) => [
      key,
      value.status === 'degraded' ? { ...value, status: 'down' } : value,
    ]),
  );
}
