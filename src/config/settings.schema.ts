import { accessSync, constants } from 'node:fs';
import * as z from 'zod';
import { parseDurationMs } from '../common/duration.js';
import { hostNamePattern } from '../common/host-name.js';
import { problemOfSecret } from './secret.js';
import { problemOfRedisUrl } from './redis-url.js';
import { parseSizeBytes } from '../common/size.js';
import { trustedProxies } from './trusted-proxies.js';
import { parseReceivers } from './receivers.js';

const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** How README.md tells of a variable. */
interface Told {
  description: string;
  /** In Markdown; none for a variable that is without one. */
  default?: string;
  /** Whether it may stand in a file that `<NAME>_FILE` names. */
  secret?: true;
}

/**
 * One variable, however it is read.
 * @param read of undefined where it is unset; throws an Error with the rule that the text breaks
 */
function variable<T>(told: Told, read: (text: string | undefined) => T) {
  return z
    .transform((text: string | undefined, context: z.RefinementCtx): T => {
      try {
        return read(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
        return z.NEVER;
      }
    })
    .register(z.globalRegistry, { ...told });
}

function withDefault<T>(fallback: string, description: string, read: (text: string) => T) {
  return variable({ description, default: `\`${fallback}\`` }, (text = fallback) => read(text));
}

/** One that may be unset. */
function optional<T>(told: Told, read: (text: string) => T) {
  return variable(told, (text) => (text === undefined ? undefined : read(text)));
}

/** Any text. */
function anyText(told: Told) {
  return optional(told, (text) => text);
}

/** @param problemOf what is wrong with a text; undefined where nothing is */
function textWithout(problemOf: (text: string) => string | undefined, told: Told) {
  return optional(told, (text) => {
    const problem = problemOf(text);
    if (problem !== undefined) throw new Error(problem);
    return text;
  });
}

function oneOf<T extends string>(known: readonly T[], text: string): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new Error(`must be ${known.slice(0, -1).join(', ')} or ${String(known.at(-1))}`);
}

function wholeNumber(min: number, max: number, fallback: number, description: string) {
  return withDefault(String(fallback), description, (text) => wholeNumberIn(min, max, text));
}

function wholeNumberIn(min: number, max: number, text: string): number {
  const value = /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`must be a whole number from ${min} to ${max}`);
}

function duration(minMs: number, maxMs: number, fallback: string, description: string) {
  return withDefault(fallback, description, (text) => {
    const ms = parseDurationMs(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    throw new Error(`must be a duration such as 30s or 1m30s, from ${minMs / 1000}s to ${maxMs / 1000}s`);
  });
}

function flag(fallback: boolean, description: string) {
  return withDefault(String(fallback), description, (text) => oneOf(['true', 'false'], text) === 'true');
}

function size(fallback: string, description: string) {
  return withDefault(fallback, description, (text) => {
    const bytes = parseSizeBytes(text);
    if (bytes !== undefined) return bytes;
    throw new Error('must be a size such as 500MB or 2GB');
  });
}

const hourMs = 3_600_000;

/**
 * Every environment variable that the service reads, with its rule, its default and its description.
 * The table in README.md is generated from it. What is marked `secret` may stand in a file that `<NAME>_FILE` names.
 */
export const settingsSchema = z.object({
  SECRET_KEY: textWithout(problemOfSecret, {
    description:
      'The secret that callers send as `Authorization: Bearer <secret>`; it may do everything. Not required with a policy file.',
    default: '**required**',
    secret: true,
  }),
  POLICY_PATH: anyText({
    description: 'The policy file, YAML or JSON: who may update what. See [docs/policy.md](docs/policy.md).',
  }),
  SELF_UPDATE: flag(
    false,
    "Let a notify of the service's own container replace it, by a helper container; see docs/operating.md.",
  ),
  REQUIRE_LABEL: flag(false, 'Update only containers that have the label `trigger-docker-pull.enable=true`.'),
  TRUST_PROXY: variable(
    {
      description:
        'Addresses or networks of reverse proxies, with commas between them: from them alone `X-Forwarded-For` is believed.',
    },
    (text) => {
      const trusted = text === undefined ? [] : trustedProxies(text);
      if (trusted) return trusted;
      throw new Error('must be the addresses or networks of reverse proxies, as in 127.0.0.1,10.0.0.0/8, or loopback');
    },
  ),
  AUTH_FAILURES_PER_MINUTE: wholeNumber(
    1,
    1_000_000,
    60,
    'How many failed authentications an address has before it is answered 429. A valid token always passes.',
  ),
  MAX_CONNECTIONS: wholeNumber(
    10,
    1_000_000,
    10_000,
    'How many connections may be open at once. Those without a valid token make room for new ones, the oldest first.',
  ),
  PORT: wholeNumber(1, 65_535, 8080, 'TCP port to listen on.'),
  QUEUE_SIZE: wholeNumber(
    1,
    1_000_000,
    1024,
    'How many containers may wait for their update; beyond it a notify is answered 503.',
  ),
  REDIS_URL: textWithout(problemOfRedisUrl, {
    description:
      'Keep what waits, and the deployments, in Redis: `redis://` or, with TLS, `rediss://`. They survive restarts then. See [docs/fleet.md](docs/fleet.md).',
    secret: true,
  }),
  ROLE: withDefault(
    'all',
    'What this instance does: `all`; with `REDIS_URL` also `api`, which accepts and has no engine, or `agent`, which works for one engine and has no port.',
    (text) => oneOf(['all', 'api', 'agent'], text),
  ),
  HOST_NAME: textWithout(problemOfHostName, {
    description:
      'What the Docker host is called in Redis. Required with `REDIS_URL`, except for an `api`; it must stay the same.',
  }),
  HOST_WAIT: duration(
    1000,
    7 * 24 * hourMs,
    '10m',
    'With `REDIS_URL`: how long a deployment waits for a host that is away.',
  ),
  STOP_AT_FAILURE: flag(true, 'Of a deployment for several hosts: begin no further host once one did not succeed.'),
  DOCKER_CONFIG_PATH: textWithout((path) => (isReadable(path) ? undefined : 'names a file that cannot be read'), {
    description:
      "Docker's `config.json` with the registries' credentials. The default may be absent: then pulls are anonymous. See [docs/registries.md](docs/registries.md).",
    default: '`/root/.docker/config.json`',
  }),
  DOCKER_CONFIG: anyText({
    description: 'The folder of `config.json`, where `DOCKER_CONFIG_PATH` is unset.',
    default: '`/root/.docker`',
  }),
  DOCKER_AUTH_CONFIG: anyText({
    description:
      'The content of a `config.json`. Asked before the file, but after one that `DOCKER_CONFIG_PATH` names.',
    secret: true,
  }),
  LOG_LEVEL: optional(
    { description: 'How much to log: `error`, `warn`, `info` or `debug`.', default: '`info`' },
    (text) => oneOf(logLevels, text),
  ),
  RUST_LOG: anyText({
    description: 'Understood where `LOG_LEVEL` is unset: its default level, `info` out of `info,hyper=warn`.',
  }),
  LOG_FORMAT: optional({ description: '`json` or `pretty`.', default: '`pretty` on a terminal, else `json`' }, (text) =>
    oneOf(['json', 'pretty'], text),
  ),
  DOCKER_HOST: anyText({
    description: 'The engine: `unix:///path` or `tcp://host:port`.',
    default: "Docker's default socket",
  }),
  DOCKER_TLS_VERIFY: anyText({ description: 'Not empty: speak TLS to a `tcp://` engine, and verify it.' }),
  DOCKER_CERT_PATH: anyText({
    description: 'Folder with `ca.pem`, `cert.pem` and `key.pem` for TLS.',
    default: '`~/.docker`',
  }),
  ENGINE_WAIT: duration(0, hourMs, '30s', 'How long a deployment waits for an engine that is away.'),
  ENGINE_TIMEOUT: duration(
    1000,
    hourMs,
    '60s',
    'How long the engine may take to answer most calls; to create, start, stop or remove a container it gets more.',
  ),
  PULL_TIMEOUT: duration(1000, 24 * hourMs, '15m', 'How long a pull may take in all.'),
  PULL_IDLE_TIMEOUT: duration(1000, hourMs, '60s', 'How long a pull may show no progress.'),
  PULL_RETRIES: wholeNumber(
    0,
    100,
    3,
    'How many times to retry a pull after a temporary failure: a server error, a timeout, a reset, a rate limit, a tag that is not there yet.',
  ),
  DIGEST_TIMEOUT: duration(
    0,
    hourMs,
    '60s',
    'How long a deployment with `?digest=` waits for the registry to serve that digest, from the first look.',
  ),
  SETTLE_TIME: duration(
    0,
    hourMs,
    '5s',
    'How long a new container without HEALTHCHECK must run before the old one is removed.',
  ),
  PROOF_TIMEOUT: duration(
    1000,
    24 * hourMs,
    '300s',
    'The most that the proof of a new container may take, unless its HEALTHCHECK cannot answer before.',
  ),
  UNHEALTHY_GRACE: duration(
    0,
    24 * hourMs,
    '20s',
    'For how long after its start a new container may be `unhealthy` before it is given up; a longer start period wins.',
  ),
  MAX_STOP_TIME: duration(
    1000,
    24 * hourMs,
    '10m',
    'How long an old container may take to stop before it is killed, if its own stop timeout is longer or has no end (`-1`).',
  ),
  KEEP_PREVIOUS_IMAGE: flag(
    true,
    'Keep the image that a container ran before under the local tag `trigger-docker-pull/<container>:previous`, so that no prune of dangling images takes it.',
  ),
  REMOVE_REPLACED_IMAGES: flag(
    false,
    'Remove the image that loses that tag at the next update, if nothing else uses it.',
  ),
  MIN_FREE_DISK: size(
    '256MB',
    'How much room the disk of the engine must have before a pull, where that can be seen: see docs/operating.md. `0` asks for nothing.',
  ),
  DRAIN_TIMEOUT: duration(
    1000,
    hourMs,
    '8s',
    'How long a stop waits for the running deployment. `docker stop` gives 10 s.',
  ),
  DEPLOYMENTS_KEPT: wholeNumber(1, 100_000, 1000, 'How many finished deployments are remembered.'),
  LOG_TAIL_LINES: wholeNumber(
    0,
    200,
    20,
    'How many of the last log lines of a new container that failed a deployment tells, secrets masked; 0 for none.',
  ),
  EVENT_STREAMS: wholeNumber(0, 10_000, 100, 'How many clients may follow deployments by their events at once.'),
  WAIT_LIMIT: duration(0, hourMs, '10m', 'The longest that a caller may wait for the outcome of a deployment.'),
  METRICS_PORT: optional(
    {
      description: 'TCP port for `GET /metrics` without credentials, for Prometheus. Unset: none is opened.',
    },
    (text) => wholeNumberIn(1, 65_535, text),
  ),
  NOTIFICATION_URLS: variable(
    {
      description:
        'Webhooks that are told how deployments ended, with white space between them: [docs/notifications.md](docs/notifications.md).',
      secret: true,
    },
    (list = '') => parseReceivers(list),
  ),
  NOTIFICATION_EVENTS: withDefault(
    'all',
    'What they are told of: `all` updates and failures, or `failures` alone.',
    (text) => oneOf(['all', 'failures'], text),
  ),
});

function problemOfHostName(name: string): string | undefined {
  if (hostNamePattern.test(name)) return undefined;
  return 'must be at most 63 letters, digits, "_", "." or "-", beginning with a letter or digit';
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
