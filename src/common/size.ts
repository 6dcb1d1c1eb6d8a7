const unitBytes: Record<string, number> = { '': 1, k: 1000, m: 1000 ** 2, g: 1000 ** 3, t: 1000 ** 4 };

/** Reads a size as Docker prints it (`500MB`, `2.5GB`, `1024`), in bytes; undefined where the text is none. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]?)b?$/i.exec(text.trim());
  if (!match) return undefined;
  return Math.round(Number(match[1]) * (unitBytes[(match[2] ?? '').toLowerCase()] ?? 1));
}
