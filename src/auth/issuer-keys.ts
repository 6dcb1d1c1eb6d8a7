import type { JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import type { IssuerPolicy } from '../config/policy/policy.schema.js';
import { isSecureUrl } from '../config/policy/secure-url.js';

const deadlineMs = 5000;
/** After a failure, and after a search for a key that nobody knows, the issuer is left in peace for this long. */
const coolDownMs = 30_000;
const keepKeysMs = 600_000;
const limitBytes = 1024 * 1024;

/** The issuer's keys cannot be had at the moment. The message is fit for logs. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

const keySetSchema = z.object({ keys: z.array(z.unknown()) });
const publicKeySchema = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  ...{ kid: z.string().optional(), alg: z.string().optional(), use: z.string().optional() },
  ...{ n: z.string().optional(), e: z.string().optional() },
  ...{ crv: z.string().optional(), x: z.string().optional(), y: z.string().optional() },
  key_ops: z.array(z.string()).optional(),
});

type Jose = typeof import('jose');

/**
 * The public keys of one issuer: those of the policy, or those that the issuer publishes (OpenID Connect Discovery 1.0), fetched
 * when they are needed first and kept. However many tokens come, an issuer that is away is asked at most once in 30 s.
 */
export class IssuerKeys {
  private opening: Promise<JWTVerifyGetKey> | undefined;
  private failed: { at: number; reason: string } | undefined;

  constructor(
    private readonly jose: Jose,
    private readonly policy: Pick<IssuerPolicy, 'issuer' | 'jwksUri' | 'keys'>,
  ) {}

  /** The function that finds the key of a token; it throws IssuerUnavailable too. */
  get(): Promise<JWTVerifyGetKey> {
    // However many wait, there is one discovery; one that failed is forgotten.
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  private async open(): Promise<JWTVerifyGetKey> {
    const { keys, jwksUri } = this.policy;
    if (keys) return this.jose.createLocalJWKSet(keys);
    const url = new URL(jwksUri ?? (await this.discover()));
    return this.jose.createRemoteJWKSet(url, {
      cooldownDuration: coolDownMs,
      cacheMaxAge: keepKeysMs,
      // The library lets an issuer that is away be asked for every token.
      [this.jose.customFetch]: async (address) => Response.json(await this.fetchJson(address, publicKeysIn)),
    });
  }

  private async discover(): Promise<string> {
    const { issuer } = this.policy;
    return await this.fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, (document) => {
      const { issuer: named, jwks_uri: uri } = document as { issuer?: unknown; jwks_uri?: unknown };
      if (named !== issuer) throw new Error('it is that of another issuer');
      if (typeof uri !== 'string' || !isSecureUrl(uri)) throw new Error('it has no https jwks_uri');
      // Nobody elsewhere has this service call what listens on its own machine alone.
      if (isLoopback(uri) && !isLoopback(issuer)) throw new Error('its jwks_uri is on this very machine');
      return uri;
    });
  }

  /** @throws IssuerUnavailable, also without asking, for a while after a failure */
  private async fetchJson<T = unknown>(url: string, read = (document: unknown) => document as T): Promise<T> {
    if (this.failed && performance.now() - this.failed.at < coolDownMs) throw new IssuerUnavailable(this.failed.reason);
    try {
      const response = await fetch(url, {
        redirect: 'error',
        signal: AbortSignal.timeout(deadlineMs),
        headers: { Accept: 'application/json' },
      });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return read(JSON.parse(await boundedText(response)));
    } catch (error) {
      const reason = `${url} is of no use: ${reasonOf(error)}`;
      this.failed = { at: performance.now(), reason };
      throw new IssuerUnavailable(reason, { cause: error });
    }
  }
}

/**
 * The public keys of a key set (RFC 7517 §5), and of each only what tells how to check a signature.
 * @throws Error where it has none: the library would ask the issuer again for every token
 */
function publicKeysIn(document: unknown): { keys: z.output<typeof publicKeySchema>[] } {
  const { keys: found } = keySetSchema.parse(document);
  const keys = found.flatMap((key) => publicKeySchema.safeParse(key).data ?? []);
  if (keys.length === 0) throw new Error('it has no public key');
  return { keys };
}

function isLoopback(url: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\]|0\.0\.0\.0|\[::\])$/.test(
    new URL(url).hostname,
  );
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > limitBytes) throw new Error(`it has more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Node's fetch hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? message;
}
