import { EngineError, EngineTimeout, EngineUnreachable } from '../engine/engine-error.js';
import type { Mask } from '../../common/mask.js';
import { UpdateError, type FailureCode, type Stage, type UpdateOutcome } from '../update/outcome.js';
import type { Drain } from '../engine/shutdown-signals.js';

const messageLimit = 8 * 1024;

/** What a failure means where nothing was touched, or where all was put back. */
export function failureOf(
  error: unknown,
  { stage, drain, mask }: { stage: Stage; drain: Drain; mask: Mask },
): Extract<UpdateOutcome, { error: unknown }> {
  const reason = error instanceof Error ? error.message : String(error);
  // The engine's words may quote a command, or an answer, of any length.
  const message = mask(reason.length > messageLimit ? `${reason.slice(0, messageLimit)}…` : reason);
  if (error instanceof UpdateError) {
    const details = {
      code: error.code,
      stage: error.stage,
      message,
      exitCode: error.exitCode,
      servedDigest: error.servedDigest,
      retryAt: error.retryAt,
    };
    if (error.code === 'interrupted') return { status: 'dropped', error: details };
    if (!error.passes) return { status: 'failed', error: details };
    const { retryAfterMs } = error;
    return { status: 'postponed', error: details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (drain.begun.aborted)
    return { status: 'dropped', error: { code: 'interrupted', stage, message: `the service stops: ${message}` } };
  return { status: 'failed', error: { code: codeOf(error, stage), stage, message } };
}

function codeOf(error: unknown, stage: Stage): FailureCode {
  if (error instanceof EngineUnreachable) return 'engine_unreachable';
  if (error instanceof EngineTimeout) return 'engine_timeout';
  if (error instanceof EngineError) return stage === 'swap' ? 'start_failed' : 'engine_error';
  return 'internal_error';
}
