import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Action } from '../config/policy/policy.schema.js';
import { Problem } from '../http/problem.js';
import { may, type Caller } from './caller.js';
import { challenge } from './insufficient-scope.js';
import { StaticTokens } from './static-tokens.js';

/** As often is the policy file looked at, too. */
const checkIntervalMs = 1000;
const watchedActions: readonly Action[] = ['read', 'notify', 'rollback'];

interface Watched {
  caller: Caller;
  container: string;
  /** What the caller might do with the container when its request was admitted. */
  actions: readonly Action[];
  ended: AbortController;
}

/**
 * Ends what outlives the check at its beginning, a stream or a wait, when the credential of its caller ends: expired, replaced, taken out
 * of the policy, or granted less. One timer for all, and only while there are any.
 */
@Injectable()
export class CredentialWatch {
  private readonly watched = new Set<Watched>();
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> | undefined;

  constructor(private readonly tokens: StaticTokens) {}

  /**
   * A signal that is aborted, with the Problem to answer as its reason, once the caller may do less with a container than now.
   * @param response the end of the watch is its close
   */
  whileValid(caller: Caller, container: string, response: Response): AbortSignal {
    const actions = watchedActions.filter((action) => may(caller, action, container));
    const entry: Watched = { caller, container, actions, ended: new AbortController() };
    if (!response.destroyed) {
      this.watched.add(entry);
      this.timer ??= setInterval(() => {
        this.checking ??= this.check().finally(() => (this.checking = undefined));
      }, checkIntervalMs).unref();
      response.once('close', () => {
        this.forget(entry);
      });
    }
    return entry.ended.signal;
  }

  private async check(): Promise<void> {
    await this.tokens.refresh();
    for (const entry of [...this.watched]) {
      const { caller, container, actions } = entry;
      const present = caller.renew?.();
      if (present && actions.every((action) => may(present, action, container))) continue;
      this.forget(entry);
      entry.ended.abort(credentialEnded());
    }
  }

  private forget(entry: Watched): void {
    this.watched.delete(entry);
    if (this.watched.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

function credentialEnded(): Problem {
  const detail = 'The token is no longer valid, or grants less than when it was shown. What was accepted goes on.';
  return new Problem(401, 'unauthorized', detail, { 'WWW-Authenticate': `${challenge}, error="invalid_token"` });
}
