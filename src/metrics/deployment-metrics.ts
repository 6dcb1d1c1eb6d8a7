import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Deployment, FinishedDeployment } from '../deployments/deployment.js';
import type { DeploymentEvent } from '../deployments/deployment-events.js';
import type { PrometheusClient } from './prometheus-client.js';
import { prefix } from './prefix.js';

/** Updates take from a second to many minutes. */
const durationBuckets = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200];
const downtimeBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** As many containers as are told apart; what comes after them is counted without a name. */
const mostContainers = 1000;

/** What deployments are counted and measured by: each at its end, so that counts and durations agree. */
export class DeploymentMetrics {
  private readonly containers = new Set<string>();
  private readonly ended: Counter<'container' | 'result'>;
  private readonly failures: Counter<'code'>;
  private readonly rollbackFailures: Counter;
  private readonly duration: Histogram<'result'>;
  private readonly stageDuration: Histogram<'stage'>;
  private readonly wait: Histogram;
  private readonly downtime: Histogram;
  private readonly pulledBytes: Counter;
  private readonly lastSuccess: Gauge<'container'>;

  constructor({ Counter, Gauge, Histogram }: PrometheusClient, registry: Registry) {
    const registers = [registry];
    this.ended = new Counter({
      name: `${prefix}deployments_total`,
      help: 'Deployments that ended, by result: updated, up_to_date, failed, rolled_back or dropped.',
      labelNames: ['container', 'result'],
      registers,
    });
    this.failures = new Counter({
      name: `${prefix}deployment_failures_total`,
      help: 'Deployments that failed or were rolled back, by the code of the error.',
      labelNames: ['code'],
      registers,
    });
    this.rollbackFailures = new Counter({
      name: `${prefix}rollback_failures_total`,
      help: 'Deployments after which not even the old container ran: somebody has to look.',
      registers,
    });
    this.duration = new Histogram({
      name: `${prefix}deployment_duration_seconds`,
      help: 'From the beginning of the work on a deployment to its end.',
      labelNames: ['result'],
      buckets: durationBuckets,
      registers,
    });
    this.stageDuration = new Histogram({
      name: `${prefix}deployment_stage_duration_seconds`,
      help: 'How long the stages of deployments took.',
      labelNames: ['stage'],
      buckets: durationBuckets,
      registers,
    });
    this.wait = new Histogram({
      name: `${prefix}queue_wait_seconds`,
      help: 'From the acceptance of a deployment to the beginning of the work on it.',
      buckets: durationBuckets,
      registers,
    });
    this.downtime = new Histogram({
      name: `${prefix}deployment_downtime_seconds`,
      help: 'How long no container ran under the name during an update.',
      buckets: downtimeBuckets,
      registers,
    });
    this.pulledBytes = new Counter({
      name: `${prefix}pulled_bytes_total`,
      help: 'Bytes of image layers that were downloaded, as far as the engine says.',
      registers,
    });
    this.lastSuccess = new Gauge({
      name: `${prefix}deployment_last_success_timestamp_seconds`,
      help: 'When a deployment of the container last succeeded, also where it was up to date.',
      labelNames: ['container'],
      registers,
    });
  }

  /** Of what happens in this process: each counts its own. */
  observe(event: DeploymentEvent): void {
    if (event.relayed) return;
    if (event.type === 'started')
      this.wait.observe(secondsBetween(event.deployment.queuedAt, event.deployment.startedAt));
    if (event.type === 'finished') this.observeEnd(event.deployment);
  }

  private observeEnd(deployment: FinishedDeployment): void {
    const container = this.nameFor(deployment);
    const result = deployment.result ?? deployment.status;
    this.ended.inc({ container, result });
    if (deployment.status === 'failed' || deployment.status === 'rolled_back') {
      const { code } = deployment.error;
      this.failures.inc({ code });
      if (code === 'rollback_failed') this.rollbackFailures.inc();
    }
    if (deployment.startedAt)
      this.duration.observe({ result }, secondsBetween(deployment.startedAt, deployment.finishedAt));
    for (const { stage, durationMs = 0 } of deployment.stages) this.stageDuration.observe({ stage }, durationMs / 1000);
    if (deployment.downtimeMs !== undefined) this.downtime.observe(deployment.downtimeMs / 1000);
    if (deployment.pulledBytes !== undefined) this.pulledBytes.inc(deployment.pulledBytes);
    if (deployment.status === 'succeeded' && container !== '') this.lastSuccess.set({ container }, Date.now() / 1000);
  }

  /**
   * A name only once a container, or a service, was found under it: names that callers make up must not become series. Those who
   * delete and create containers under ever new names meet a bound.
   */
  private nameFor({ container, service, fromImageId }: Deployment): string {
    // The tasks by which a service may have been found come and go.
    const name = service ?? container;
    if (this.containers.has(name)) return name;
    if ((fromImageId ?? service) === undefined || this.containers.size >= mostContainers) return '';
    this.containers.add(name);
    return name;
  }
}

function secondsBetween(from: string, to: string | undefined): number {
  return Math.max(0, (to === undefined ? Date.now() : Date.parse(to)) - Date.parse(from)) / 1000;
}
