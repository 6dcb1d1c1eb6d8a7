import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { deadline } from '../common/deadline.js';
import { settings, type Settings } from '../config/settings.js';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { DockerService } from '../docker/docker.service.js';
import { QueueService } from '../queue/queue.service.js';
import { WorkerService } from '../queue/worker.service.js';
import { DeploymentMetrics } from './deployment-metrics.js';
import { describeProcess } from './process-metrics.js';
import { loadPrometheusClient, type PrometheusClient } from './prometheus-client.js';
import { prefix } from './prefix.js';
import { countRequests } from './request-metrics.js';

const engineTimeoutMs = 1500;
/** However often somebody scrapes, the engine is asked at most this often. */
const engineCacheMs = 1000;

/** A scrape in Prometheus' text format. */
export interface Scrape {
  contentType: string;
  body: string;
}

/**
 * Listens to what happens to deployments and requests, and is called by nobody. It begins with `METRICS_PORT`, or with the first
 * scrape: whoever never asks for metrics does not pay for them, and a rate needs two scrapes anyway.
 */
@Injectable()
export class MetricsService implements OnApplicationShutdown {
  private collecting: Promise<Registry> | undefined;
  private readonly endings: (() => void)[] = [];
  private engineAsked = { at: -Infinity, up: Promise.resolve(false) };

  constructor(
    private readonly events: DeploymentEvents,
    private readonly queue: QueueService,
    private readonly worker: WorkerService,
    private readonly docker: DockerService,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'queueSize'>,
  ) {}

  async scrape(): Promise<Scrape> {
    const registry = await this.begin();
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  /** Begins to collect, once. */
  begin(): Promise<Registry> {
    return (this.collecting ??= this.collect());
  }

  onApplicationShutdown(): void {
    for (const end of this.endings) end();
  }

  private async collect(): Promise<Registry> {
    const client = await loadPrometheusClient();
    const registry = new client.Registry();
    describeProcess(client, registry);
    this.describeQueue(client, registry);
    const deployments = new DeploymentMetrics(client, registry);
    this.endings.push(
      this.events.subscribe((event) => {
        deployments.observe(event);
      }),
      countRequests(client, registry),
    );
    return registry;
  }

  /** What is, rather than what happened: looked up when somebody scrapes. */
  private describeQueue({ Counter, Gauge }: PrometheusClient, registry: Registry): void {
    const gauge = (name: string, help: string, look: () => Promise<number> | number): void => {
      new Gauge({
        name: `${prefix}${name}`,
        help,
        registers: [registry],
        async collect() {
          this.set(await look());
        },
      });
    };
    gauge('queue_length', 'Deployments that wait.', () => this.queue.size().catch(() => Number.NaN));
    gauge('queue_capacity', 'How many deployments may wait.', () => this.settings.queueSize);
    gauge('deployments_in_progress', 'Deployments that are being worked on.', () => (this.worker.current ? 1 : 0));
    const { queue } = this;
    new Counter({
      name: `${prefix}redis_values_skipped_total`,
      help: 'Values in Redis that were skipped because this version cannot read them.',
      labelNames: ['kind'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [kind, count = 0] of Object.entries(queue.skippedValues())) this.inc({ kind }, count);
      },
    });
    if (!this.worker.isNeeded) return;
    gauge('engine_up', 'Whether the Docker Engine answers.', async () => ((await this.engineIsUp()) ? 1 : 0));
  }

  private engineIsUp(): Promise<boolean> {
    const now = performance.now();
    if (now - this.engineAsked.at > engineCacheMs) {
      const answer = this.docker.ping(deadline(engineTimeoutMs));
      this.engineAsked = {
        at: now,
        up: answer.then(
          () => true,
          () => false,
        ),
      };
    }
    return this.engineAsked.up;
  }
}
