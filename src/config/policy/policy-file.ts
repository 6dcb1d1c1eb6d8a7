import { Logger } from '@nestjs/common';
import { PolledFile } from '../../common/polled-file.js';
import { UnusableFile } from '../../common/regular-file.js';
import { policyOfDocument } from './policy-of-document.js';
import { InvalidPolicy, noPolicy, type Policy } from './policy.js';

const settleMs = 100;
const logger = new Logger('Policy');

type Read = (content: Buffer) => Promise<Policy>;

/**
 * The policy, read again when its file has changed. A new version that cannot be used, as it is empty while somebody copies it, is
 * refused with the reason, and the old one stays in force.
 */
export class PolicyFile {
  private policy: Policy = noPolicy;
  private file: PolledFile | undefined;

  /**
   * @param path undefined when there is no policy file
   * @throws InvalidPolicy when the first version is of no use
   */
  static async open(path: string | undefined, env: NodeJS.ProcessEnv, now?: () => number): Promise<PolicyFile> {
    const opened = new PolicyFile();
    if (path === undefined) return opened;
    const read = await reader(env);
    const take = async (content: Buffer): Promise<void> => {
      opened.policy = await read(content);
      if (opened.file) logger.log(`read the new policy in ${path}`);
    };
    const refuse = (error: Error): void => {
      logger.error(`the new policy in ${path} is refused, the old one stays: ${explained(error).message}`);
    };
    opened.file = await PolledFile.open(path, take, refuse, { settleMs, now }).catch((error: unknown) => {
      throw explained(error as Error);
    });
    return opened;
  }

  /** The policy in force. Await `refresh` before a decision. */
  current(): Policy {
    return this.policy;
  }

  /** Takes a new version if a look is due; undefined when nothing has to be waited for. Never rejects. */
  refresh(): Promise<void> | undefined {
    return this.file?.refresh();
  }
}

function explained(error: Error): Error {
  return error instanceof UnusableFile ? new InvalidPolicy([`it ${error.message}`]) : error;
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
  const report = {
    error: (problem: string): void => {
      logger.error(problem);
    },
    warn: (problem: string): void => {
      logger.warn(problem);
    },
  };
  return (content) => policyOfDocument(documentOf(content.toString('utf8')), env, report);
}
