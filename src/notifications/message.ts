import type { MessageFormat } from '../config/receivers.js';
import type { Settings } from '../config/settings.js';
import type { Deployment } from '../deployments/deployment.js';

/** Discord refuses longer contents (2,000 characters); nobody reads longer ones anywhere. */
const longestText = 1500;

/**
 * What a receiver should hear of: an end that changed something, or should have. An image that was up to date is no news, nor
 * is what newer requests of the same caller superseded before it began.
 */
export function isNews(
  { status, result, error, startedAt }: Deployment,
  events: Settings['notificationEvents'],
): boolean {
  switch (status) {
    case 'succeeded':
      return result === 'updated' && events === 'all';
    case 'failed':
      return !(error.code === 'superseded' && startedAt === undefined);
    case 'rolled_back':
    case 'dropped':
      return true;
    case 'queued':
    case 'running':
      return false;
  }
}

/**
 * The body of a notification. Holds no log lines and no health output of the container: they go to people who may read the
 * deployment, not to a chat.
 */
export function messageBody(format: MessageFormat, deployment: Deployment): Record<string, unknown> {
  switch (format) {
    case 'json':
      return { event: 'deployment.finished', text: sentence(deployment), deployment: summary(deployment) };
    case 'slack':
      // Slack reads &, < and > as markup: https://docs.slack.dev/messaging/formatting-message-text
      return { text: escapeForSlack(sentence(deployment)) };
    case 'discord':
      // Nobody is mentioned, whatever an engine's error message contains.
      return { content: sentence(deployment), allowed_mentions: { parse: [] } };
  }
}

function sentence(deployment: Deployment): string {
  const { container, status, service, image, downtimeMs, error } = deployment;
  const reason = error ? `: ${error.code}: ${error.message}` : '';
  const text = {
    succeeded: `✅ ${container} was updated to ${image ?? 'its new image'}${downtimeMs === undefined ? '' : `, ${(downtimeMs / 1000).toFixed(1)} s without service`}`,
    failed: `${failure(deployment)}${reason}`,
    rolled_back: `⚠️ the update of ${container} failed and was rolled back, the old ${service === undefined ? 'container runs' : 'tasks run'}${reason}`,
    dropped: `⏸️ the update of ${container} was dropped${reason}`,
    queued: `${container} is queued`,
    running: `${container} is being updated`,
  }[status];
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

/** A service that failed its proof is left as Swarm leaves it, half-way for the most part. */
function failure({ container, service, error }: Deployment): string {
  if (service !== undefined && (error?.stage === 'prove' || error?.stage === 'rollback'))
    return `🚨 the update of the service ${service} failed half-way, and some of its tasks may be down`;
  return error?.code === 'rollback_failed'
    ? `🚨 ${container} may be down, and neither the new nor the old container runs`
    : `❌ the update of ${container} failed, nothing was touched`;
}

function summary(deployment: Deployment): Record<string, unknown> {
  const { id, container, status, result, requestedBy, queuedAt, startedAt, finishedAt } = deployment;
  const { service, image, fromImageId, toImageId, digest, downtimeMs, error, requestId, traceId } = deployment;
  return {
    ...{ id, container, status, result, requestedBy, requestId, traceId, queuedAt, startedAt, finishedAt },
    ...{ service, image, fromImageId, toImageId, digest, downtimeMs },
    error: error && { code: error.code, stage: error.stage, message: error.message },
  };
}

function escapeForSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
