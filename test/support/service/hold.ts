import type { EngineProxy } from '../engine/engine-proxy.js';

/** Holds an update at the inspection of its container, until it is let go. */
export function holdAt(proxy: EngineProxy, container: string): { reached: Promise<void>; letGo: () => void } {
  let letGo = (): void => undefined;
  let reach = (): void => undefined;
  const released = new Promise<void>((resolve) => (letGo = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  proxy.hooks = {
    before: async ({ path }): Promise<'forward'> => {
      if (!path.startsWith(`/containers/${container}/json`)) return 'forward';
      reach();
      await released;
      return 'forward';
    },
  };
  return { reached, letGo };
}
