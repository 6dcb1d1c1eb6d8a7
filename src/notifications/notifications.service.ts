import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { printableDeep, printableJson } from '../common/printable.js';
import { deadline } from '../common/deadline.js';
import type { Receiver } from '../config/receivers.js';
import { settings, type Settings } from '../config/settings.js';
import type { Deployment } from '../deployments/deployment.js';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { isNews, messageBody } from './message.js';

/** One attempt may take this long. */
const attemptTimeoutMs = 10_000;
/** Pauses before the second and the third attempt. */
const pausesMs = [1000, 10_000];
/** As many notifications wait for one receiver; what comes beyond them is not sent. */
const mostWaiting = 100;
/** What is left of a stop for those that wait: the drain has had most of `docker stop`'s ten seconds. */
const lastWordsMs = 1000;

/** Those that wait for one receiver: each receiver has its own, so that a slow one delays no other. */
interface Outbox {
  receiver: Receiver;
  waiting: Deployment[];
  sending: Promise<void> | undefined;
}

/**
 * Tells a list of webhooks how deployments ended. A listener: nothing that it does, and nothing that a receiver does, reaches a
 * deployment.
 */
@Injectable()
export class NotificationsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Notifications');
  private readonly stopping = new AbortController();
  private readonly outboxes: Outbox[];
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly events: DeploymentEvents,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'receivers' | 'notificationEvents'>,
  ) {
    this.outboxes = settings.receivers.map((receiver) => ({ receiver, waiting: [], sending: undefined }));
  }

  onApplicationBootstrap(): void {
    if (this.outboxes.length === 0) return;
    this.unsubscribe = this.events.subscribe((event) => {
      if (event.type === 'finished' && !event.relayed && isNews(event.deployment, this.settings.notificationEvents))
        this.tellAll(event.deployment);
    });
  }

  /** Lets those that wait go out, for a moment; says what was not sent. */
  async onApplicationShutdown(): Promise<void> {
    this.unsubscribe?.();
    const unfinished = this.outboxes.flatMap(({ sending }) => sending ?? []);
    if (unfinished.length === 0) return;
    const timer = setTimeout(lastWordsMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    await Promise.race([Promise.all(unfinished), timer]);
    this.stopping.abort();
    await Promise.all(unfinished);
  }

  private tellAll(deployment: Deployment): void {
    for (const outbox of this.outboxes) {
      if (outbox.waiting.length >= mostWaiting) {
        this.logFailure(outbox.receiver, deployment, `${mostWaiting} others wait already`);
        continue;
      }
      outbox.waiting.push(deployment);
      outbox.sending ??= this.empty(outbox).finally(() => (outbox.sending = undefined));
    }
  }

  private async empty({ receiver, waiting }: Outbox): Promise<void> {
    for (let next = waiting[0]; next; next = waiting[0]) {
      await this.deliver(receiver, next);
      waiting.shift();
    }
  }

  private async deliver(receiver: Receiver, deployment: Deployment): Promise<void> {
    let failure: Failure | undefined;
    for (const pauseMs of [0, ...pausesMs]) {
      if (pauseMs > 0) await setTimeout(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) failure = { reason: 'the service stops', final: true };
      else failure = await post(receiver, deployment, this.stopping.signal);
      if (!failure) {
        this.logger.debug(`told receiver ${receiver.name} of ${deployment.container}`, { deploymentId: deployment.id });
        return;
      }
      if (failure.final) break;
    }
    this.logFailure(receiver, deployment, failure?.reason ?? 'unknown');
  }

  private logFailure(receiver: Receiver, { id, container, status }: Deployment, reason: string): void {
    this.logger.warn(`receiver ${receiver.name} was not told that ${container} ${status}: ${reason}`, {
      deploymentId: id,
      container,
    });
  }
}

interface Failure {
  /** Without the URL, which is a secret. */
  reason: string;
  /** Whether another attempt would be in vain. */
  final: boolean;
}

/** Answers the failure, or undefined where the receiver took it. Redirects are not followed: the list says who is told. */
async function post(
  { url, format }: Receiver,
  deployment: Deployment,
  stopping: AbortSignal,
): Promise<Failure | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'trigger-docker-pull' },
      body: printableJson(messageBody(format, printableDeep(deployment) as Deployment)),
      signal: AbortSignal.any([deadline(attemptTimeoutMs), stopping]),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    const mayPass = response.status === 429 || response.status >= 500;
    return { reason: `it answered ${response.status}`, final: !mayPass };
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    const reason = error instanceof DOMException ? 'it did not answer in time' : (code ?? 'it cannot be reached');
    return { reason, final: false };
  }
}
