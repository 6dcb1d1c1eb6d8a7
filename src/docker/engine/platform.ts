import type { EngineVersion, ImageInspect } from './engine-types.js';

/**
 * An image's platform as `os/arch` or `os/arch/variant`, if it has to be asked for: a pull without it takes the engine's own. Of 32-bit
 * ARM a pull without a variant takes v7, also if a v6 runs. Pure.
 */
export function platformToAskFor(
  { Os, Architecture, Variant }: Pick<ImageInspect, 'Os' | 'Architecture' | 'Variant'>,
  engine: Pick<EngineVersion, 'Os' | 'Arch'> | undefined,
): string | undefined {
  if (!Os || !Architecture) return undefined;
  const variant = Architecture === 'arm' && Variant ? `/${Variant}` : '';
  const isOwn = Os === engine?.Os && Architecture === engine.Arch;
  // The engine does not tell its own variant: v7 or later, unless the image says less.
  if (isOwn && !/^\/v[56]$/.test(variant)) return undefined;
  return `${Os}/${Architecture}${variant}`;
}
