import { describe, expect, it } from '@jest/globals';
import { parseTraceparent } from './traceparent.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('parseTraceparent', () => {
  it.each([
    `00-${traceId}-${spanId}-01`,
    ` 00-${traceId}-${spanId}-00 `,
    `cc-${traceId}-${spanId}-01`,
    `cc-${traceId}-${spanId}-01-what-the-future-will-be-like`,
  ])('reads %p', (header) => {
    expect(parseTraceparent(header)).toEqual({ traceId, spanId });
  });

  it.each([
    undefined,
    '',
    traceId,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${spanId}-01\nlevel=error`,
  ])('ignores %p', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('ignores a header that was sent twice', () => {
    expect(parseTraceparent([`00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01`])).toBeUndefined();
  });
});
