import { HttpException } from '@nestjs/common';
import { STATUS_CODES } from 'node:http';

/** A problem detail (RFC 9457) with a stable `code` that clients can rely on. */
export interface ProblemDetail {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
}

/** An error answer: thrown anywhere in a request, sent by ProblemFilter as `application/problem+json`. */
export class Problem extends HttpException {
  constructor(
    status: number,
    readonly code: string,
    readonly detail: string,
    readonly headers: Record<string, string> = {},
    readonly extensions: Record<string, unknown> = {},
  ) {
    super(detail, status);
  }

  toBody(): ProblemDetail & Record<string, unknown> {
    const status = this.getStatus();
    return {
      type: `urn:trigger-docker-pull:problem:${this.code}`,
      title: STATUS_CODES[status] ?? 'Error',
      status,
      code: this.code,
      detail: this.detail,
      ...this.extensions,
    };
  }
}

/** What cannot be done for the moment: 503, with the time after which to ask again. */
export function unavailable(code: string, detail: string, retryAfterSeconds: number): Problem {
  return new Problem(503, code, detail, { 'Retry-After': String(retryAfterSeconds) });
}
