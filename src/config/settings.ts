import { registerAs, type ConfigType } from '@nestjs/config';
import { join } from 'node:path';
import { engineAddress, type EngineAddress } from './engine-address.js';
import { withSecretFiles } from './secret-files.js';
import { settingsSchema, type LogLevel } from './settings.schema.js';

const defaultDockerConfigFolder = '/root/.docker';

/** Bad settings: each line names one variable and its rule. Never holds a value of `SECRET_KEY`. */
export class InvalidSettings extends Error {
  override readonly name = 'InvalidSettings';

  constructor(readonly problems: string[]) {
    super(
      `Cannot start: ${problems.length === 1 ? 'a setting is' : 'settings are'} wrong\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
  }
}

/** The variables that hold secrets, each of which `<NAME>_FILE` may replace. */
export const secretVariables = Object.entries(settingsSchema.shape)
  .filter(([, schema]) => schema.meta()?.secret === true)
  .map(([name]) => name);

/**
 * Reads all settings from environment variables; an empty variable counts as unset.
 * @param options.isServer whether there will be callers, who need a secret
 * @throws InvalidSettings that lists every bad variable with its rule
 */
export function readSettings(env: NodeJS.ProcessEnv, { isServer = true } = {}) {
  const { values, problems } = withSecretFiles(env, secretVariables);
  const isAgent = env.ROLE === 'agent';
  const needsSecretKey = isServer && !isAgent && !env.POLICY_PATH && !env.SECRET_KEY_FILE;
  const present = Object.fromEntries(
    Object.entries(values).filter(([name, value]) => value !== '' || (name === 'SECRET_KEY' && needsSecretKey)),
  );
  if (needsSecretKey && present.SECRET_KEY === undefined)
    problems.push(
      'SECRET_KEY is required: the secret that callers send as "Authorization: Bearer <secret>"; or SECRET_KEY_FILE, or POLICY_PATH',
    );
  const hasRedis = present.REDIS_URL !== undefined || Boolean(env.REDIS_URL_FILE);
  if (isServer && hasRedis && present.ROLE !== 'api' && present.HOST_NAME === undefined)
    problems.push('HOST_NAME is required with REDIS_URL: what this Docker host is called there, always the same');
  if (isServer && !hasRedis && (present.ROLE === 'api' || isAgent))
    problems.push(`REDIS_URL is required with ROLE=${String(present.ROLE)}: it is how the two find each other`);
  const parsed = settingsSchema.safeParse(present);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = path.join('.');
    problems.push(`${name}${env[`${name}_FILE`] ? '_FILE: its content' : ''} ${message}`);
  }
  let engine: EngineAddress = {};
  try {
    engine = engineAddress(env);
  } catch (error) {
    problems.push((error as Error).message);
  }
  if (!parsed.success || problems.length > 0) throw new InvalidSettings(problems);
  const value = parsed.data;
  return {
    secretKey: value.SECRET_KEY,
    // An empty variable counts as unset.
    secretKeyFile: env.SECRET_KEY_FILE === '' ? undefined : env.SECRET_KEY_FILE,
    policyPath: value.POLICY_PATH,
    requireLabel: value.REQUIRE_LABEL,
    trustProxy: value.TRUST_PROXY,
    authFailuresPerMinute: value.AUTH_FAILURES_PER_MINUTE,
    maxConnections: value.MAX_CONNECTIONS,
    port: value.PORT,
    queueSize: value.QUEUE_SIZE,
    redisUrl: value.REDIS_URL,
    role: value.ROLE,
    hostName: value.HOST_NAME,
    hostWaitMs: value.HOST_WAIT,
    stopAtFailure: value.STOP_AT_FAILURE,
    dockerConfig: {
      path: value.DOCKER_CONFIG_PATH ?? join(value.DOCKER_CONFIG ?? defaultDockerConfigFolder, 'config.json'),
      explicit: value.DOCKER_CONFIG_PATH !== undefined,
    },
    dockerAuthConfig: value.DOCKER_AUTH_CONFIG,
    credentialHelperEnv: withoutSecrets(env),
    logLevel: value.LOG_LEVEL ?? rustLogLevel(value.RUST_LOG) ?? 'info',
    logJson: value.LOG_FORMAT ? value.LOG_FORMAT === 'json' : !process.stdout.isTTY,
    engine,
    selfUpdate: value.SELF_UPDATE,
    engineWaitMs: value.ENGINE_WAIT,
    engineTimeoutMs: value.ENGINE_TIMEOUT,
    pullTimeoutMs: value.PULL_TIMEOUT,
    pullIdleTimeoutMs: value.PULL_IDLE_TIMEOUT,
    pullRetries: value.PULL_RETRIES,
    digestTimeoutMs: value.DIGEST_TIMEOUT,
    settleTimeMs: value.SETTLE_TIME,
    proofTimeoutMs: value.PROOF_TIMEOUT,
    unhealthyGraceMs: value.UNHEALTHY_GRACE,
    maxStopMs: value.MAX_STOP_TIME,
    keepPreviousImage: value.KEEP_PREVIOUS_IMAGE,
    removeReplacedImages: value.REMOVE_REPLACED_IMAGES,
    minFreeDiskBytes: value.MIN_FREE_DISK,
    drainTimeoutMs: value.DRAIN_TIMEOUT,
    deploymentsKept: value.DEPLOYMENTS_KEPT,
    logTailLines: value.LOG_TAIL_LINES,
    eventStreams: value.EVENT_STREAMS,
    waitLimitMs: value.WAIT_LIMIT,
    metricsPort: value.METRICS_PORT,
    receivers: value.NOTIFICATION_URLS,
    notificationEvents: value.NOTIFICATION_EVENTS,
  };
}

/** The environment for programs that the service runs: without the secrets that are this service's alone. */
function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !secretVariables.includes(name.replace(/_FILE$/, ''))),
  );
}

/** The default level of a `RUST_LOG` filter: its last directive without a target. Anything else is ignored. */
function rustLogLevel(filter: string | undefined): LogLevel | undefined {
  const levels: Record<string, LogLevel> = {
    off: 'error',
    error: 'error',
    warn: 'warn',
    info: 'info',
    debug: 'debug',
    trace: 'debug',
  };
  const directives = (filter ?? '').split(',').map((directive) => directive.trim().toLowerCase());
  return directives.map((directive) => levels[directive]).findLast((level) => level !== undefined);
}

/** The settings as Nest injects them: `@Inject(settings.KEY) settings: Settings`. */
export const settings = registerAs('settings', () => readSettings(process.env));
export type Settings = ConfigType<typeof settings>;
