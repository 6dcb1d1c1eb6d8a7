/**
 * Takes the token out of a request's raw headers (name, value, name, value …: Node keeps only the first of two
 * Authorization headers in `headers`). Exactly one header, exactly one token; the scheme in any case (RFC 9110 §11.1).
 * Returns undefined where there is none or anything is odd.
 */
export function bearerToken(rawHeaders: readonly string[]): string | undefined {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  );
  if (values.length !== 1) return undefined;
  return /^bearer +([\x21-\x7e]+) *$/i.exec(values[0] ?? '')?.[1];
}
