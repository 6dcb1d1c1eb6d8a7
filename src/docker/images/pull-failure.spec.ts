import { describe, expect, it } from '@jest/globals';
import { pullFailure, pullFailureCode } from './pull-failure.js';

describe('pullFailureCode', () => {
  it.each([
    ['unauthorized: authentication required', 'pull_unauthorized'],
    ['Get "http://localhost:5000/v2/app/manifests/1": no basic auth credentials', 'pull_unauthorized'],
    ['Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password', 'pull_unauthorized'],
    [
      "pull access denied for me/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      'pull_unauthorized',
    ],
    ['denied: denied', 'pull_unauthorized'],
    ['error from registry: access forbidden', 'pull_unauthorized'],
    ['denied: Your authorization token has expired. Reauthenticate and try again.', 'pull_unauthorized'],
    ['denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource', 'pull_unauthorized'],
    [
      'failed to resolve reference "ghcr.io/me/app:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      'pull_unauthorized',
    ],
    [
      'unexpected status from HEAD request to https://ghcr.io/v2/me/app/manifests/1: 403 Forbidden',
      'pull_unauthorized',
    ],
    ['manifest for localhost:5000/app:v9 not found: manifest unknown: manifest unknown', 'pull_not_found'],
    ['manifest for localhost:5000/denied:v9 not found: manifest unknown', 'pull_not_found'],
    ['manifest for localhost:5000/unauthorized:v9 not found: manifest unknown', 'pull_not_found'],
    ['failed to resolve reference "localhost:5000/app:v9": localhost:5000/app:v9: not found', 'pull_not_found'],
    ['name unknown: repository name not known to registry', 'pull_not_found'],
    ['repository me/app does not exist', 'pull_not_found'],
    ['no matching manifest for linux/arm64/v8 in the manifest list entries', 'pull_not_found'],
    ['Get "http://localhost:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused', 'pull_failed'],
    ['Get "https://r.io/v2/not-found/manifests/1": net/http: TLS handshake timeout', 'pull_failed'],
    ['toomanyrequests: You have reached your unauthenticated pull rate limit.', 'rate_limited'],
    [
      'unexpected status from HEAD request to https://ghcr.io/v2/me/app/manifests/1: 429 Too Many Requests',
      'rate_limited',
    ],
    ['Get "https://r.io/v2/": dial tcp: lookup r.io on 10.0.0.1:53: no such host', 'pull_failed'],
    ['failed to register layer: open /var/lib/docker/tmp/x: permission denied', 'pull_failed'],
    ['write /var/lib/docker/tmp/x: no space left on device', 'disk_full'],
    ['', 'pull_failed'],
  ])('%s: %s', (message, code) => {
    expect(pullFailureCode(message)).toBe(code);
    expect(pullFailureCode(message, 500)).toBe(code);
  });

  it.each([
    ['whatever', 401, 'pull_unauthorized'],
    ['<html><body><h1>403 Forbidden</h1>', 403, 'pull_failed'],
    ['whatever', 404, 'pull_not_found'],
    ["pull access denied for app, repository does not exist or may require 'docker login'", 404, 'pull_unauthorized'],
    ['manifest unknown', 401, 'pull_not_found'],
  ])('%s with %i: %s', (message, httpStatus, code) => {
    expect(pullFailureCode(message, httpStatus)).toBe(code);
  });

  it('is quick whatever it is given', () => {
    const begin = performance.now();
    for (const part of ['repository ', 'denied', '://', '://a@', ' not', ': 401 ']) pullFailure(part.repeat(100_000));
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

describe('pullFailure', () => {
  it('says what to do', () => {
    const error = pullFailure('manifest unknown', 404);
    expect(error).toMatchObject({ code: 'pull_not_found', stage: 'pull' });
    expect(error.message).toBe(
      'manifest unknown; check that the image was pushed under this name and tag, for this platform',
    );
  });

  it('says when a registry that limits pulls may answer again', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    const error = pullFailure('toomanyrequests: retry-after: 6h', 429, now);
    expect(error).toMatchObject({ code: 'rate_limited', passes: false, retryAt: '2026-01-01T06:00:00.000Z' });
    expect(error.message).toContain('notify again after 2026-01-01T06:00:00.000Z');
    expect(pullFailure('toomanyrequests: Rate exceeded', 429, now).retryAt).toBeUndefined();
  });

  it('speaks of the disk only where the disk may be the reason', () => {
    expect(pullFailure('dial tcp 10.0.0.1:443: connect: no route to host').message).not.toContain('disk');
    expect(pullFailure('lookup r.io: no such host').message).toContain('DNS');
    expect(pullFailure('write /x: no space left on device').message).toContain('make room');
  });

  it('keeps secrets in URLs to itself', () => {
    const { message } = pullFailure(
      'Get "https://me:pw@r.io/v2/": EOF\nGet "https://s3.io/blob?X-Amz-Signature=abc&y=z": EOF',
    );
    expect(message).toMatch(/^Get "https:\/\/r\.io\/v2\/": EOF Get "https:\/\/s3\.io\/blob\?…": EOF; /);
  });

  it('is short', () => {
    expect(pullFailure('x'.repeat(100_000)).message.length).toBeLessThan(1200);
  });
});

describe('a pull failure passes', () => {
  it.each([
    'received unexpected HTTP status: 503 Service Unavailable',
    'unexpected status code [manifests latest]: 502 Bad Gateway',
    'failed to do request: unexpected status from GET request to https://ghcr.io/v2/x: 500 Internal Server Error',
    'Get "https://registry.example/v2/": net/http: TLS handshake timeout',
    'Get "https://registry.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
    'read tcp 10.0.0.1:43210->10.0.0.2:443: read: connection reset by peer',
    'Get "http://127.0.0.1:5000/v2/": EOF',
    'unexpected EOF',
    'context deadline exceeded',
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.1:53: no such host',
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example: i/o timeout',
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.1:53: dial udp 10.0.0.1:53: connect: network is unreachable',
    'Get "https://10.0.0.1/v2/": dial tcp 10.0.0.1:443: connect: no route to host',
    'Get "https://10.0.0.1/v2/": dial tcp 10.0.0.1:443: connect: network is unreachable',
    'Get "https://10.0.0.1/v2/": dial tcp 10.0.0.1:443: connect: connection timed out',
    'Get "https://10.0.0.1/v2/": dial tcp 10.0.0.1:443: i/o timeout',
    'Get "https://ghcr.io/v2/": http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=""',
    'Get "https://ghcr.io/v2/": http2: client connection lost',
    'remote error: tls: internal error',
    'net/http: HTTP/1.x transport connection broken: malformed HTTP response',
    'filesystem layer verification failed for digest sha256:00',
    'failed commit on ref "layer-sha256:00": unexpected commit size 5, expected 9: failed precondition',
    'stream error: stream ID 5; INTERNAL_ERROR; received from peer',
    'received unexpected HTTP status: 522 unknown',
    'unexpected status from HEAD request to https://r.io/v2/app/manifests/1: 522 unknown',
    'unexpected status from HEAD request to https://r.io/v2/app/manifests/1: 408 Request Timeout',
    'error parsing HTTP 503 response body: invalid character \'<\' looking for beginning of value: "<html>"',
    'toomanyrequests: retry-after: 711.804µs, allowed: 44000/minute',
    'toomanyrequests: Rate exceeded',
    'manifest for registry.example/app:latest not found: manifest unknown: manifest unknown',
    'failed to resolve reference "registry.example/app:latest": registry.example/app:latest: not found',
  ])('where the registry fails for a while or has not got it yet: %s', (message) => {
    expect(pullFailure(message).passes).toBe(true);
  });

  it.each([
    'unauthorized: authentication required',
    'pull access denied for x, repository does not exist or may require docker login: denied',
    'no matching manifest for linux/arm64/v8 in the manifest list entries: not found',
    'write /var/lib/docker/tmp/x: no space left on device',
    'toomanyrequests: You have reached your pull rate limit',
    'Get "https://timeout:443/v2/": x509: certificate signed by unknown authority',
    'toomanyrequests: retry-after: 6h',
    'Get "https://goaway/v2/": x509: certificate signed by unknown authority',
    'registry.example/goaway:1: invalid tar header',
    'registry.example/timeout/app:1: invalid tar header',
    '',
  ])('never where asking again changes nothing: %s', (message) => {
    expect(pullFailure(message).passes).toBe(false);
  });
});
