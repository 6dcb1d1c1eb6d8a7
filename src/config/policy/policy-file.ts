import { Logger } from '@nestjs/common';
import { readFileSync, statSync } from 'node:fs';
import { stampOf } from '../secret.js';
import { policyOfDocument } from './policy-of-document.js';
import { InvalidPolicy, noPolicy, type Policy } from './policy.js';

const lookEveryMs = 1000;
const limitBytes = 1024 * 1024;
const logger = new Logger('Policy');

type Read = (path: string) => Policy;

/**
 * The policy, read again when its file has changed: it is looked at when the policy is asked for, at most once a second; there
 * are no watchers and no timers. A new version that cannot be used is refused with the reason, and the old one stays.
 */
export class PolicyFile {
  private policy: Policy = noPolicy;
  private stamp = '';
  private lookedAt = 0;

  private constructor(
    private readonly path: string | undefined,
    private readonly read: Read,
    private readonly now: () => number,
  ) {}

  /**
   * @param path undefined where there is no policy file
   * @throws InvalidPolicy where the first version is of no use
   */
  static async open(
    path: string | undefined,
    env: NodeJS.ProcessEnv,
    now: () => number = () => performance.now(),
  ): Promise<PolicyFile> {
    const file = new PolicyFile(path, path === undefined ? () => noPolicy : await reader(env), now);
    if (path !== undefined) {
      file.stamp = stampOf(path);
      file.lookedAt = now();
      file.policy = file.read(path);
    }
    return file;
  }

  current(): Policy {
    if (this.path === undefined || this.now() - this.lookedAt < lookEveryMs) return this.policy;
    this.lookedAt = this.now();
    const stamp = stampOf(this.path);
    if (stamp === this.stamp) return this.policy;
    this.stamp = stamp;
    try {
      this.policy = this.read(this.path);
      logger.log(`read the new policy in ${this.path}`);
    } catch (error) {
      if (!(error instanceof InvalidPolicy)) throw error;
      logger.error(`the new policy in ${this.path} is refused, the old one stays: ${error.message}`);
    }
    return this.policy;
  }
}

/** What reads a policy is loaded by those alone who have one. */
async function reader(env: NodeJS.ProcessEnv): Promise<Read> {
  const { parse } = await import('yaml');
  const documentOf = (text: string): unknown => {
    try {
      return parse(text, { maxAliasCount: 100, prettyErrors: true, logLevel: 'error' });
    } catch (error) {
      // The parser's own message quotes the file.
      const { line, col } = (error as { linePos?: { line: number; col: number }[] }).linePos?.[0] ?? {};
      throw new InvalidPolicy([`it is not valid YAML${line === undefined ? '' : ` (line ${line}, column ${col})`}`]);
    }
  };
  return (path) =>
    policyOfDocument(documentOf(textOf(path)), env, (problem) => {
      logger.error(problem);
    });
}

function textOf(path: string): string {
  try {
    if (statSync(path).size > limitBytes) throw new InvalidPolicy([`it has more than ${limitBytes} bytes`]);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof InvalidPolicy) throw error;
    throw new InvalidPolicy([`it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`]);
  }
}
