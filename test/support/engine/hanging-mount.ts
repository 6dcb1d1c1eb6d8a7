import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder on a mount that hangs, as NFS does whose server is away: each call to it waits until `end`, and fails then. */
export interface HangingMount {
  folder: string;
  end: () => void;
}

/** Makes it out of a FUSE device that nobody answers; undefined where that is not allowed. */
export function hangingMount(): HangingMount | undefined {
  let device: number;
  try {
    device = openSync('/dev/fuse', 'r+');
  } catch {
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'hanging-'));
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const { status } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'hanging', folder], {
    stdio: ['ignore', 'ignore', 'ignore', device],
  });
  if (status !== 0) {
    closeSync(device);
    rmdirSync(folder);
    return undefined;
  }
  return {
    folder,
    end: () => {
      closeSync(device);
      spawnSync('umount', ['-l', folder]);
      rmdirSync(folder);
    },
  };
}
