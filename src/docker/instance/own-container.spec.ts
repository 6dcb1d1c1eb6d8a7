import { describe, expect, it } from '@jest/globals';
import { ownContainerOf } from './own-container.js';

const id = 'c'.repeat(64);
const other = 'd'.repeat(64);
const root =
  '632 541 0:51 / / rw,relatime - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/o2/1f/diff,workdir=/o2/1f/work';
const files = ['resolv.conf', 'hostname', 'hosts'].map(
  (file) => `650 632 254:1 /var/lib/docker/containers/${id}/${file} /etc/${file} rw,relatime - ext4 /dev/vda1 rw`,
);

describe('ownContainerOf', () => {
  it("finds the id in the source of the files that the engine mounts, and the root's own folder", () => {
    expect(ownContainerOf([root, ...files].join('\n'), 5)).toEqual({
      networkOwnerId: id,
      upperFolder: '/o2/1f/diff',
      startedAtMs: 5,
    });
  });

  it('finds none on a host, though its mounts name containers as well', () => {
    const shm = `90 30 0:60 / /var/lib/docker/containers/${other}/mounts/shm rw,nosuid - tmpfs shm rw`;
    const bound = `91 30 254:1 /var/lib/docker/containers/${other}/hosts /mnt/hosts rw - ext4 /dev/vda1 rw`;
    expect(ownContainerOf(['30 1 254:1 / / rw - ext4 /dev/vda1 rw', shm, bound].join('\n'), 5)).toBeUndefined();
  });

  it('does without the folder where the root is no overlay', () => {
    expect(ownContainerOf(['1 0 0:40 / / rw - btrfs /dev/vda1 rw,subvol=/x', ...files].join('\n'), 5)).toEqual({
      networkOwnerId: id,
      upperFolder: undefined,
      startedAtMs: 5,
    });
  });
});
