import type { ContainerInspect, CreateRequest, ImageInspect } from '../engine/engine-types.js';
import { variableName } from '../recreate/fields/environment.js';

/** Whose a container's values are. Names, never values: those may be secrets. */
export interface Attribution {
  /** What is carried over to a new image: set when the container was created. */
  user: string[];
  /** What a new image replaces by its own. */
  image: string[];
}

/** What the engine merges by name, as `Env.PATH`; `Env` and the others besides it. */
const byName = ['Labels', 'Healthcheck', 'ExposedPorts'] as const;
const whole = ['Cmd', 'Entrypoint', 'WorkingDir', 'User', 'StopSignal'] as const;

/**
 * Tells apart the values in which the engine merges what was set and what the image says, by what the request for a
 * replacement carries over. Whatever is not named here is never the image's: host configuration, mounts, networks. Pure.
 * @param carried the request, made for a new image that is like the old one
 */
export function attribution(
  { Config }: Pick<ContainerInspect, 'Config'>,
  oldImage: Pick<ImageInspect, 'Config'>,
  carried: Pick<CreateRequest, 'Env' | (typeof byName)[number] | (typeof whole)[number]>,
): Attribution {
  const volumes = Object.keys(Config.Volumes ?? {});
  const all = [
    ...(Config.Env ?? []).map((entry) => `Env.${variableName(entry)}`),
    ...byName.flatMap((field) => namesIn(field, Config[field])),
    ...volumes.map((path) => `Volumes.${path}`),
    ...whole.filter((field) => isSaid(Config[field])),
  ];
  const set = new Set([
    ...(carried.Env ?? []).map((entry) => `Env.${variableName(entry)}`),
    ...byName.flatMap((field) => namesIn(field, carried[field])),
    ...volumes.filter((path) => !(path in (oldImage.Config?.Volumes ?? {}))).map((path) => `Volumes.${path}`),
    ...whole.filter((field) => carried[field] !== undefined),
  ]);
  const names = [...new Set([...all, ...set])].sort();
  return { user: names.filter((name) => set.has(name)), image: names.filter((name) => !set.has(name)) };
}

function namesIn(field: string, value: object | null | undefined): string[] {
  return Object.keys(value ?? {}).map((name) => `${field}.${name}`);
}

function isSaid(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
