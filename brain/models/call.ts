// One call of an SDK, from the outside: ended at once by its signal, and every error a typed one.

import { failureOf, type Trouble } from './trouble.ts';
import { WireFailure, type WireUsage } from './wire.ts';

export type CallContext = {
  readonly provider: string;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Values that must not be in a reason. */
  readonly secrets: readonly string[];
  /** What an error of the SDK means. Undefined: it is none of the SDK's, so the stream was not what it should be. */
  readonly troubleOf: (error: unknown) => Trouble | undefined;
  /** What the call has cost so far; undefined while no model has read anything. */
  readonly spent: () => WireUsage | undefined;
};

/**
 * Does a call. An aborted one rejects with the signal's reason at once, also when the SDK is still busy; what it does
 * afterwards is ignored.
 * @param work gets a signal of its own, which ends with the call: SDKs leave their listeners behind
 * Throws WireFailure.
 */
export async function call<T>(context: CallContext, work: (own: AbortSignal) => Promise<T>): Promise<T> {
  const { signal } = context;
  signal.throwIfAborted();
  const own = new AbortController();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(own.signal), aborted]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw typed(error, context);
  } finally {
    signal.removeEventListener('abort', abort);
    own.abort();
  }
}

function typed(error: unknown, { provider, now, secrets, troubleOf, spent }: CallContext): WireFailure {
  const own = wireFailureIn(error);
  if (own)
    return own.spent ? own : new WireFailure(provider, own.fault, own.more, { status: own.status, spent: spent() });
  const trouble = troubleOf(error) ?? { names: [], message: describe(error), otherwise: 'broken' };
  return failureOf(trouble, { provider, now: now(), secrets, spent: spent() });
}

/** SDKs wrap what their fetch throws. */
function wireFailureIn(error: unknown): WireFailure | undefined {
  if (error instanceof WireFailure) return error;
  return error instanceof Error && error.cause !== undefined ? wireFailureIn(error.cause) : undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
