import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { withFileTimeout } from '../../common/file-timeout.js';
import { readRegularFile } from '../../common/regular-file.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { composeLabels } from '../engine/compose-labels.js';

const maxFiles = 20;
/** All by which a Compose file can give a service a config or a secret; the last three bring in other files or the client's credentials. */
const givesFiles = /configs|secrets|include|extends|use_api_socket/;

/**
 * Whether the project's files can be read here, are those that the container was made from, and have no word by which
 * a service gets a config or a secret. Where this service runs in a container, they mostly cannot be read.
 */
export async function projectHasNoConfigs({
  Config,
  Created,
}: Pick<ContainerInspect, 'Config' | 'Created'>): Promise<boolean> {
  const paths = (Config.Labels?.[composeLabels.configFiles] ?? '').split(',');
  if (paths.length > maxFiles || !paths.every(isAbsolute)) return false;
  try {
    const have = await Promise.all(paths.map((path) => hasNone(path, Date.parse(Created))));
    return have.every(Boolean);
  } catch {
    return false;
  }
}

async function hasNone(path: string, createdMs: number): Promise<boolean> {
  const content = await readRegularFile(path);
  // After the read, so that what was written meanwhile is seen.
  const { mtimeMs, ctimeMs } = await withFileTimeout(path, () => stat(path));
  // Written since, it says nothing of what the container was made from.
  return Math.max(mtimeMs, ctimeMs) <= createdMs && !givesFiles.test(content.toString('utf8'));
}
