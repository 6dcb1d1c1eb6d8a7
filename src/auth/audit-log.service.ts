import { Injectable, Logger } from '@nestjs/common';
import { isRound, WindowCounter } from '../http/window-counter.js';
import type { Line } from '../http/line-throttle.js';
import { accountOf, type Identity } from './caller.js';

/** How many lines of each kind a caller gets each minute; beyond it there is one at each doubling. */
const linesPerMinute = 120;
/** The same for everybody whose credential is no good. */
const refusedPerMinute = 1200;

/**
 * Writes the audit log. A caller in a loop fills no disk and hides no other caller: each has its own budget of lines, one for what it is
 * allowed and one for what it is denied. The lines beyond it stand at debug level.
 */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger('Audit');
  private readonly counter = new WindowCounter();

  allowed(caller: Identity, message: string, facts: object): Line {
    const line = this.count('allowed', whose(caller));
    if (line.isDue) this.logger.log(message, withCount(facts, line));
    else this.logger.debug(message, withCount(facts, line));
    return line;
  }

  denied(caller: Identity, message: string, facts: object): Line {
    return this.warn('denied', whose(caller), message, facts);
  }

  /** The credential is no good. FailureThrottle bounds these lines for each address, this for all of them together. */
  refused(message: string, facts: object): void {
    this.warn('refused', '', message, facts, refusedPerMinute);
  }

  /** The issuer of a token cannot be asked: nobody knows whether the token is good. */
  undecided(message: string, facts: object): void {
    this.warn('undecided', '', message, facts);
  }

  private warn(result: string, account: string, message: string, facts: object, limit?: number): Line {
    const line = this.count(result, account, limit);
    if (line.isDue) this.logger.warn(message, withCount(facts, line));
    else this.logger.debug(message, withCount(facts, line));
    return line;
  }

  private count(result: string, account: string, limit = linesPerMinute): Line {
    const { count } = this.counter.add(`${result} ${account}`);
    return count <= limit ? { isDue: true } : { isDue: isRound(count), count };
  }
}

/** Whose budget of lines a caller uses. Anybody gets tokens of a public issuer, in any name: all that may do nothing share one. */
function whose(caller: Identity): string {
  const isStranger = caller.pipeline !== undefined && caller.grants.length === 0;
  return isStranger ? `strangers of ${caller.pipeline.issuer}` : accountOf(caller);
}

function withCount(facts: object, { count }: Line): object {
  return count === undefined ? facts : { ...facts, count };
}
