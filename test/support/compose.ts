import { spawnSync } from 'node:child_process';
import { canHave } from './packages.js';

/**
 * How Compose is called here: `docker compose`, or the older `docker-compose`, which Debian has as a package.
 * Undefined where neither can be had.
 */
export function composeCommand(): string | undefined {
  if (spawnSync('docker', ['compose', 'version'], { timeout: 10_000 }).status === 0) return 'docker compose';
  return canHave('docker-compose', 'docker-compose') ? 'docker-compose' : undefined;
}
