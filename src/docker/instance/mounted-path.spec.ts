import { describe, expect, it } from '@jest/globals';
import type { MountPoint } from '../engine/engine-types.js';
import { mountedPath } from './mounted-path.js';

const bind = (Source: string, Destination: string): MountPoint => ({ Type: 'bind', Source, Destination });

describe('mountedPath', () => {
  it.each([
    ['/run/docker.sock', [bind('/srv/a.sock', '/run/docker.sock')], '/srv/a.sock', true],
    ['/run/docker.sock', [bind('/srv', '/run')], '/srv/docker.sock', false],
    ['/run/docker.sock', [bind('/srv', '/run/')], '/srv/docker.sock', false],
    ['/run/docker.sock', [bind('/', '/')], '/run/docker.sock', false],
    ['/p/in/a.sock', [bind('/out', '/p'), bind('/inner', '/p/in')], '/inner/a.sock', false],
    // The container may know the folder by either name, and so may the host.
    ['/run/docker.sock', [bind('/var/run/docker.sock', '/var/run/docker.sock')], '/run/docker.sock', true],
    ['/var/run/docker.sock', [bind('/var/run', '/run')], '/run/docker.sock', false],
  ])('finds %s in %j', (path, mounts, hostPath, isItself) => {
    expect(mountedPath(path, mounts)).toMatchObject({ hostPath, isItself });
  });

  it('finds nothing in a folder whose name only begins alike', () => {
    expect(mountedPath('/running/a.sock', [bind('/srv', '/run')])).toBeUndefined();
  });
});
