import Docker from 'dockerode';
import { setTimeout } from 'node:timers/promises';

/** Connects to an engine by DOCKER_HOST's form, `unix:///path` or `tcp://host:port` without TLS. */
export function connect(dockerHost: string): Docker {
  // An explicit `host: undefined` keeps dockerode from reading DOCKER_HOST by itself.
  if (dockerHost.startsWith('unix://'))
    return new Docker({ host: undefined, socketPath: dockerHost.slice('unix://'.length) });
  const { hostname, port } = new URL(dockerHost);
  return new Docker({ host: hostname, port: Number(port || 2375), protocol: 'http' });
}

/** Whether an engine answers within three seconds. */
export async function answers(docker: Docker): Promise<boolean> {
  const late = new AbortController();
  try {
    return await Promise.race([docker.ping().then(() => true), setTimeout(3000, false, { signal: late.signal })]);
  } catch {
    return false;
  } finally {
    late.abort();
  }
}
