import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of a piece of work carries: which request asked for it, in which trace, and as which deployment. */
export interface LogContext {
  requestId?: string;
  /** The trace and the calling span of a W3C `traceparent`, as hex digits. */
  traceId?: string;
  spanId?: string;
  deploymentId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Does the work with these facts on each line that is logged meanwhile, by whomever. */
export function withLogContext<T>(facts: LogContext, work: () => T): T {
  return storage.run({ ...logContext(), ...facts }, work);
}

/** The facts of the work that goes on; empty outside of any. */
export function logContext(): LogContext {
  return storage.getStore() ?? {};
}
