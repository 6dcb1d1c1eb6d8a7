import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { isImagesFault, isSameAsRejected, provesItsImage } from './rejected-image.js';

describe('isImagesFault', () => {
  it.each([
    ['exited', 'the new container ended with code 1'],
    ['restarting', 'it restarts'],
    ['unhealthy', 'its health check fails'],
    ['proof_timeout', 'it took too long'],
    [
      'start_failed',
      'OCI runtime create failed: unable to start container process: exec: "/app": stat /app: no such file',
    ],
    ['start_failed', 'failed to create task: exec: "app": executable file not found in $PATH: unknown'],
    ['start_failed', 'exec /app: exec format error'],
    ['start_failed', 'unable to find user app: no matching entries in passwd file'],
    ['start_failed', 'not a directory: Are you trying to mount a directory onto a file (or vice-versa)?'],
  ] as const)('blames the image: %s, %s', (code, message) => {
    expect(isImagesFault({ code, message })).toBe(true);
  });

  it.each([
    ['start_failed', 'driver failed programming external connectivity: Bind for 0.0.0.0:80: port is already allocated'],
    ['start_failed', 'listen tcp4 0.0.0.0:80: bind: address already in use'],
    ['start_failed', 'error creating overlay mount: no space left on device'],
    ['start_failed', 'network app not found'],
    ['start_failed', 'Cannot connect to the Docker daemon'],
    ['stop_failed', 'the old container did not stop'],
    ['engine_unreachable', 'exec: "x"'],
    ['engine_timeout', 'no answer'],
    ['interrupted', 'the service stops'],
    ['internal_error', 'exited'],
    ['container_changed', 'somebody renamed it'],
  ] as const)('does not blame it: %s, %s', (code, message) => {
    expect(isImagesFault({ code, message })).toBe(false);
  });
});

describe('provesItsImage', () => {
  const nowMs = Date.parse('2026-01-01T00:01:00Z');
  const proves = (State: object): boolean =>
    provesItsImage(
      containerInspect({ State: { Running: true, StartedAt: '2026-01-01T00:00:50Z', ...State } }),
      10_000,
      nowMs,
    );

  it.each([{}, { Health: { Status: 'healthy' } }, { Health: { Status: 'none' } }])('trusts %j', (state) => {
    expect(proves(state)).toBe(true);
  });

  it.each([
    { Running: false },
    { Restarting: true },
    { Paused: true },
    { StartedAt: '2026-01-01T00:00:51Z' },
    { Health: { Status: 'starting' } },
    { Health: { Status: 'unhealthy' } },
  ])('does not trust %j', (state) => {
    expect(proves(state)).toBe(false);
  });
});

describe('isSameAsRejected', () => {
  const manifest = (ID: string, Kind = 'image') => ({ ID, Kind, Available: true });

  it('knows an image by its id', () => {
    expect(isSameAsRejected({ Id: 'a' }, { Id: 'a' })).toBe(true);
    expect(isSameAsRejected({ Id: 'a' }, { Id: 'b' })).toBe(false);
  });

  it('knows it in an index that was published anew', () => {
    const rejected = { Id: 'a', Manifests: [manifest('m'), manifest('x', 'attestation')] };
    expect(isSameAsRejected(rejected, { Id: 'b', Manifests: [manifest('m')] })).toBe(true);
    expect(isSameAsRejected(rejected, { Id: 'b', Manifests: [manifest('n'), manifest('x', 'attestation')] })).toBe(
      false,
    );
  });
});
