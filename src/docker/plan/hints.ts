import type { ContainerInspect, CreateRequest, EngineInfo, ImageInspect } from '../engine/engine-types.js';
import { variableName } from '../recreate/fields/environment.js';

/** Variables that images set to what they contain, and people hardly ever. */
const ofImages = /^PATH$|(^|_)(VERSION|RELEASE|SHA256|SHA512|CHECKSUM|DIGEST|GPG_KEYS?)$/;

/**
 * What a plan hints at: values that count as set by the user, and that somebody else most likely left there. Pure.
 * @param carried the request for a replacement, made for a new image that is like the old one
 */
export function hints(
  old: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  carried: Pick<CreateRequest, 'Env'>,
  engine: Pick<EngineInfo, 'LoggingDriver' | 'DefaultRuntime'>,
): string[] {
  return [...frozen(oldImage, carried), ...formerDefaults(old, engine)];
}

/** Updaters that copy all of a container (Portainer, Watchtower) leave an earlier image's values in it as if they had been set. */
function frozen({ Config }: Pick<ImageInspect, 'Config'>, { Env }: Pick<CreateRequest, 'Env'>): string[] {
  const image = new Set((Config?.Env ?? []).map(variableName));
  const names = [...new Set((Env ?? []).map(variableName))].filter((name) => image.has(name) && ofImages.test(name));
  if (names.length === 0) return [];
  return [
    `${names.map((name) => `Env.${name}`).join(', ')}: set on the container, and the image has its own; unless you did it, an updater froze an earlier image's value: recreate the container without it`,
  ];
}

/** The engine writes its defaults of the day into a new container, where they look like the user's. */
function formerDefaults({ HostConfig }: ContainerInspect, engine: Parameters<typeof hints>[3]): string[] {
  const { Type = '' } = (HostConfig.LogConfig ?? {}) as { Type?: string };
  const { Runtime = '' } = HostConfig as { Runtime?: string };
  const { LoggingDriver = '', DefaultRuntime = '' } = engine;
  const told = (what: string, has: string, now: string): string[] =>
    has === '' || now === '' || has === now
      ? []
      : [`its ${what} is ${has}, the engine's default is ${now}: it is kept as if you had set it`];
  return [...told('log driver', Type, LoggingDriver), ...told('runtime', Runtime, DefaultRuntime)];
}
