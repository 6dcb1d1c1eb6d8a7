import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { PolicyFile } from '../config/policy/policy-file.js';
import { digestOf, fixedSecret, SecretFile, weaknessOfSecret, type Secret } from '../config/secret.js';
import { settings, type Settings } from '../config/settings.js';
import type { Authentication, Identity } from './caller.js';

const holderOfSecretKey: Identity = { id: 'secret-key', grants: [], isUnrestricted: true };

/** SECRET_KEY and the tokens of the policy. */
@Injectable()
export class StaticTokens implements OnModuleInit {
  private readonly logger = new Logger('Auth');
  private secretKey: Secret | undefined;

  constructor(
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'secretKey' | 'secretKeyFile'>,
    private readonly policy: PolicyFile,
  ) {}

  /** @throws UnusableSecretFile */
  async onModuleInit(): Promise<void> {
    const { secretKey, secretKeyFile } = this.settings;
    if (secretKeyFile !== undefined) {
      const report = {
        error: (problem: string): void => {
          this.logger.error(problem);
        },
        warn: (problem: string): void => {
          this.logger.warn(problem);
        },
      };
      this.secretKey = await SecretFile.open(secretKeyFile, report);
    } else if (secretKey !== undefined) {
      this.secretKey = fixedSecret(digestOf(secretKey));
      const weakness = weaknessOfSecret(secretKey);
      if (weakness) this.logger.warn(`SECRET_KEY ${weakness}`);
    }
  }

  /** Takes new versions of policy and secrets if a look is due. Never rejects. */
  async refresh(): Promise<void> {
    await this.policy.refresh();
    await Promise.all(this.secrets.map(async (secret) => secret.refresh?.()));
  }

  /** Looks now for new values of secrets in files. Never rejects. */
  async look(): Promise<void> {
    await Promise.all(this.secrets.map(async (secret) => secret.look?.()));
  }

  authenticate(token: string, now = Date.now()): Authentication {
    return this.identify(digestOf(token), now);
  }

  /** Compares with every secret there is, so that the time tells nothing of which one came near. */
  private identify(digest: Buffer, now: number): Authentication {
    const renew = (): Identity | undefined => {
      const found = this.identify(digest, Date.now());
      return 'identity' in found ? found.identity : undefined;
    };
    const matching = this.policy.current().tokens.filter(({ secret }) => secret.matches(digest));
    if (this.secretKey?.matches(digest)) return { identity: { ...holderOfSecretKey, renew } };
    const valid = matching.filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt);
    const [first] = valid;
    if (first) return { identity: { id: first.id, grants: valid, isUnrestricted: false, renew } };
    return { refused: matching.length > 0 ? 'the token has expired' : 'the token is not known' };
  }

  private get secrets(): Secret[] {
    const ofPolicy = this.policy.current().tokens.map(({ secret }) => secret);
    return this.secretKey ? [this.secretKey, ...ofPolicy] : ofPolicy;
  }
}
