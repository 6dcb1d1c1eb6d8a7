import type { Identity } from './caller.js';

/** What came of a token: whose it is, or why it is refused. The reason is fit for the caller and for logs. */
export type Authentication =
  | { identity: Identity }
  | { refused: string }
  /** It cannot be told at the moment: the issuer's keys cannot be had. */
  | { unavailable: string };
