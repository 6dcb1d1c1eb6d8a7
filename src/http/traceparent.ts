export interface TraceContext {
  /** 32 hex digits. */
  traceId: string;
  /** The caller's span, 16 hex digits. */
  spanId: string;
}

/**
 * Reads a `traceparent` header (W3C Trace Context, level 1, §3.2). Undefined where it is absent or malformed: then it is to be
 * ignored. Of a later version the four fields that are known are read.
 */
export function parseTraceparent(header: string | string[] | undefined): TraceContext | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', rest = ''] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(header.trim()) ?? [];
  if (version === undefined || version === 'ff') return undefined;
  if (version === '00' && rest !== '') return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId };
}
