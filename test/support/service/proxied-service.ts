import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { EngineProxy } from '../engine/engine-proxy.js';
import { testEnvironment } from '../runner/environment.js';
import { Service } from './service.js';

/** A service whose calls to the engine can be seen and met. */
export interface ProxiedService {
  proxy: EngineProxy;
  service: Service;
}

/**
 * One for all the tests of a `describe`, there once they begin; each begins with a proxy that lets all calls pass and has
 * noted none.
 */
export function proxiedService(settings: Record<string, string> = {}): ProxiedService {
  const rig = {} as ProxiedService;
  beforeAll(async () => {
    rig.proxy = await EngineProxy.start(testEnvironment().dockerHost);
    rig.service = await Service.start({ DOCKER_HOST: rig.proxy.dockerHost, ...settings });
    await rig.service.ready();
  });
  afterEach(() => {
    rig.proxy.reset();
  });
  afterAll(async () => {
    await rig.service.stop();
    rig.proxy.stop();
  });
  return rig;
}
