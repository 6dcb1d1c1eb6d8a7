import { homedir } from 'node:os';
import { join } from 'node:path';
import { readRegularFileSync, type UnusableFile } from '../common/regular-file.js';

/** Where Docker Engine listens if nothing else is said. */
export const defaultSocketPath = '/var/run/docker.sock';

/** Where the Docker Engine listens. Without `socketPath` and `host` it is Docker's default socket. */
export interface EngineAddress {
  socketPath?: string;
  host?: string;
  port?: number;
  tls?: { ca: Buffer; cert: Buffer; key: Buffer };
}

/**
 * Finds the engine as the Docker CLI does: `DOCKER_HOST` (unix or tcp), `DOCKER_TLS_VERIFY` (any value that is not
 * empty) and `DOCKER_CERT_PATH` (a folder with ca.pem, cert.pem and key.pem, by default ~/.docker).
 * @throws Error that says which variable is wrong and why
 */
export function engineAddress(env: NodeJS.ProcessEnv): EngineAddress {
  const host = env.DOCKER_HOST?.trim();
  if (!host) return {};
  if (host.startsWith('unix://')) {
    const socketPath = host.slice('unix://'.length);
    if (!socketPath.startsWith('/'))
      throw new Error(`DOCKER_HOST: the socket's path must be absolute, as in unix://${defaultSocketPath}`);
    return { socketPath };
  }
  const url = parse(host);
  const useTls = Boolean(env.DOCKER_TLS_VERIFY);
  return {
    host: url.hostname,
    port: url.port ? Number(url.port) : useTls ? 2376 : 2375,
    tls: useTls ? certificates(env.DOCKER_CERT_PATH ?? join(homedir(), '.docker')) : undefined,
  };
}

function parse(host: string): URL {
  try {
    const url = new URL(host);
    if (url.protocol === 'tcp:' && url.hostname) return url;
  } catch {
    // the rule below says it all
  }
  throw new Error('DOCKER_HOST: must be unix:///path/to/docker.sock or tcp://host:port');
}

function certificates(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  const read = (name: string): Buffer => {
    try {
      return readRegularFileSync(join(folder, name));
    } catch (error) {
      const { message, code = message } = error as UnusableFile;
      throw new Error(
        `DOCKER_CERT_PATH: cannot read ${join(folder, name)} (${code}); DOCKER_TLS_VERIFY needs ca.pem, cert.pem and key.pem there`,
        { cause: error },
      );
    }
  };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}
