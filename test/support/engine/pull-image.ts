import type Docker from 'dockerode';
import { finish } from './progress.js';
import type { Account } from '../registry/registry.js';

export async function pullImage(docker: Docker, reference: string, account?: Account): Promise<void> {
  const authconfig = account ? { ...account, serveraddress: reference.split('/')[0] ?? '' } : undefined;
  const stream = await docker.pull(reference, { authconfig });
  await finish(stream, `pulling ${reference}`);
}
