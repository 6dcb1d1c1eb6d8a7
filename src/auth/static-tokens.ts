import { Inject, Injectable, Logger } from '@nestjs/common';
import { PolicyFile } from '../config/policy/policy-file.js';
import { digestOf, fixedSecret, SecretFile, type Secret } from '../config/secret.js';
import { settings, type Settings } from '../config/settings.js';
import type { Authentication } from './authentication.js';
import type { Identity } from './caller.js';

const holderOfSecretKey: Identity = { id: 'secret-key', grants: [], isUnrestricted: true };

/** SECRET_KEY and the tokens of the policy. */
@Injectable()
export class StaticTokens {
  private readonly secretKey: Secret | undefined;

  constructor(
    @Inject(settings.KEY) { secretKey, secretKeyFile }: Pick<Settings, 'secretKey' | 'secretKeyFile'>,
    private readonly policy: PolicyFile,
  ) {
    const logger = new Logger('Auth');
    if (secretKeyFile !== undefined)
      this.secretKey = new SecretFile(secretKeyFile, (problem) => {
        logger.error(problem);
      });
    else if (secretKey !== undefined) this.secretKey = fixedSecret(digestOf(secretKey));
  }

  /** Compares with every secret there is, so that the time tells nothing of which one came near. */
  authenticate(token: string, now = Date.now()): Authentication {
    const digest = digestOf(token);
    const matching = this.policy.current().tokens.filter(({ secret }) => secret.matches(digest));
    if (this.secretKey?.matches(digest)) return { identity: holderOfSecretKey };
    const valid = matching.filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt);
    const [first] = valid;
    if (first) return { identity: { id: first.id, grants: valid, isUnrestricted: false } };
    return { refused: matching.length > 0 ? 'the token has expired' : 'the token is not known' };
  }
}
