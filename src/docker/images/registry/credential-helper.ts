import { spawn } from 'node:child_process';
import { limited } from '../../../common/deadline.js';
import { UnusableRegistryConfig, type NeededHelper, type RegistryCredentials } from './registry-credentials.js';

const deadlineMs = 30_000;
const mostBytes = 64 * 1024;
/** How long the output of a helper that has ended may be held open, by a child that left its group. */
const outputPatienceMs = 500;
/** What a helper says of a registry that it does not know (docker/docker-credential-helpers, `credentials/error.go`). */
const notFound = 'credentials not found in native keychain';
/** A user name that says that the secret is an identity token. */
const tokenUser = '<token>';

/**
 * Asks a credential helper as the Docker CLI does: `docker-credential-<name> get`, the registry on its standard input, JSON on
 * its output. No shell; a deadline; an output that ends. What it says, also of a failure, is told to nobody, as it may hold secrets.
 * @param env what it gets to know: where its cloud's credentials are, not the secrets of this service
 * @returns undefined where the helper does not know the registry, or is not there and need not be
 * @throws UnusableRegistryConfig
 */
export async function askHelper(
  { helper, serveraddress, isRequired }: NeededHelper,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  timeoutMs = deadlineMs,
): Promise<RegistryCredentials | undefined> {
  const program = `docker-credential-${helper}`;
  const { error, stdout } = await run(program, serveraddress, env, signal, timeoutMs);
  if (!error) return credentialsIn(stdout, program, serveraddress);
  if (stdout.includes(notFound)) return undefined;
  const problem = `the credentials for ${serveraddress} are with ${program}`;
  if (error.code === 'ENOENT') {
    if (!isRequired) return undefined;
    throw new UnusableRegistryConfig(
      `${problem}, which this service does not have: mount it into the service's container, as in ` +
        `-v /usr/local/bin/${program}:/usr/local/bin/${program}:ro, with what it needs itself, or put an entry with "auth" (base64 of user:password) for ${serveraddress} into "auths"`,
    );
  }
  throw new UnusableRegistryConfig(`${problem}, which ${reasonOf(error)}; run it by hand to see why`);
}

type HelperError = Error & { code?: string | number | null; killed?: boolean; signal?: string | null };

/**
 * Runs a helper in a process group of its own, which ends with it: children that it leaves behind are killed, and one that holds
 * its output open is not waited for.
 */
function run(
  program: string,
  input: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<{ error: HelperError | null; stdout: string }> {
  return new Promise((resolve) => {
    const limit = limited(timeoutMs, signal);
    const child = spawn(program, ['get'], { env, detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    let stdout = '';
    let groupEnded = false;
    // Once: later the number may be that of somebody else.
    const killGroup = (): void => {
      if (!groupEnded) endGroup(child.pid);
      groupEnded = true;
    };
    const end = (error: HelperError | null): void => {
      limit.end();
      limit.signal.removeEventListener('abort', giveUp);
      killGroup();
      child.stdin.destroy();
      child.stdout.destroy();
      resolve({ error, stdout });
    };
    const giveUp = (): void => {
      end(Object.assign(new Error('given up'), signal.aborted ? { name: 'AbortError' } : { killed: true }));
    };
    limit.signal.addEventListener('abort', giveUp, { once: true });
    if (limit.signal.aborted) giveUp();
    // One that ends without reading is judged by what it answers.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > mostBytes)
        end(Object.assign(new Error('too much'), { code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' }));
    });
    child.once('error', end);
    child.once('exit', (code) => {
      const error = code === 0 ? null : Object.assign(new Error('failed'), { code });
      // Killed at once, for they hold the output open. What the helper itself has written is in the pipe by now.
      killGroup();
      const patience = setTimeout(() => {
        end(error);
      }, outputPatienceMs);
      child.once('close', () => {
        clearTimeout(patience);
        end(error);
      });
    });
  });
}

/** Kills all that is left of a process group. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None of it is left.
  }
}

function reasonOf({ code, killed, name }: HelperError): string {
  if (name === 'AbortError') return 'was given up, as the service stops';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `answered more than ${mostBytes} bytes`;
  if (killed) return `did not answer within ${deadlineMs / 1000} s`;
  return typeof code === 'number' ? `failed with exit code ${code}` : `could not be run (${code ?? 'killed'})`;
}

function credentialsIn(output: string, program: string, serveraddress: string): RegistryCredentials {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    // The parser's own message quotes the answer.
  }
  const { Username, Secret } = (answer ?? {}) as { Username?: unknown; Secret?: unknown };
  if (typeof Username !== 'string' || typeof Secret !== 'string' || Secret === '')
    throw new UnusableRegistryConfig(
      `${program} answered for ${serveraddress} something else than a user name and a secret`,
    );
  return Username === tokenUser
    ? { identitytoken: Secret, serveraddress }
    : { username: Username, password: Secret, serveraddress };
}
