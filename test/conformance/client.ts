import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { engines, type EngineUnderTest } from '../support/runner/environment.js';

const execute = promisify(execFile);

/** The `docker` command, with Compose, that operators use, from the Debian root of the newest engine. */
export class Client {
  constructor(private readonly engine: EngineUnderTest) {}

  /** Why there is none. */
  static get missing(): string | undefined {
    return place() ? undefined : 'there is no docker client of a known version';
  }

  /** Answers what it prints, both streams. @throws Error with that where it fails */
  async docker(...args: string[]): Promise<string> {
    const namespaces = place();
    if (!namespaces) throw new Error(Client.missing);
    const [program, all] = namespaces.inside('docker', '--host', this.engine.dockerHost, ...args);
    try {
      const { stdout, stderr } = await execute(program, all, {
        // Jest's own, which a suite may have added to: left out, a child would get the process's.
        env: process.env,
        timeout: 600_000,
        maxBuffer: 16 * 1024 ** 2,
      });
      return stdout + stderr;
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      throw new Error(`docker ${args.join(' ')}: ${stderr ?? message}`, { cause: error });
    }
  }
}

function place(): NonNullable<EngineUnderTest['private']>['namespaces'] {
  return engines.at(-1)?.private?.namespaces;
}
