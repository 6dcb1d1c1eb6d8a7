import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { hints } from './hints.js';

const image = { Config: { Env: ['PATH=/usr/bin', 'NGINX_VERSION=2', 'MODE=fast'] } };

describe('hints', () => {
  it('names what an updater most likely froze, and no value', () => {
    const carried = { Env: ['PATH=/bin', 'NGINX_VERSION=1', 'MODE=slow', 'APP_VERSION=3'] };
    const [hint, ...others] = hints(containerInspect(), image, carried, {});
    expect(hint).toMatch(/^Env\.PATH, Env\.NGINX_VERSION: set on the container/);
    expect(others).toEqual([]);
    expect(hints(containerInspect(), image, { Env: ['MODE=slow'] }, {})).toEqual([]);
  });

  it("tells log driver and runtime that are not the engine's defaults of today", () => {
    const old = containerInspect({ HostConfig: { LogConfig: { Type: 'json-file' }, Runtime: 'runc' } });
    const today = { LoggingDriver: 'local', DefaultRuntime: 'crun' };
    expect(hints(old, image, {}, today)).toEqual([
      "its log driver is json-file, the engine's default is local: it is kept as if you had set it",
      "its runtime is runc, the engine's default is crun: it is kept as if you had set it",
    ]);
    expect(hints(old, image, {}, { LoggingDriver: 'json-file', DefaultRuntime: 'runc' })).toEqual([]);
  });
});
