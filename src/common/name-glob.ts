/**
 * Whether a text matches a glob in which `*` stands for any characters, none included, and `?` for one. Linear in the
 * lengths but for a product in the worst case: no expression that a pattern could make explode.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let inGlob = 0;
  let inText = 0;
  let lastStar = -1;
  let afterStar = 0;
  while (inText < text.length) {
    if (glob[inGlob] === '*') {
      lastStar = inGlob++;
      afterStar = inText;
    } else if (glob[inGlob] === '?' || glob[inGlob] === text[inText]) {
      inGlob++;
      inText++;
    } else if (lastStar >= 0) {
      inGlob = lastStar + 1;
      inText = ++afterStar;
    } else return false;
  }
  while (glob[inGlob] === '*') inGlob++;
  return inGlob === glob.length;
}

export function matchesAny(globs: readonly string[], text: string): boolean {
  return globs.some((glob) => matchesGlob(glob, text));
}
