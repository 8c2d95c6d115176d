// One call of an SDK, from the outside: ended at once by its signal, and every error a typed one.

import { failureOf, garbled, type Trouble } from './trouble.ts';
import { WireFailure, type WireUsage } from './wire.ts';

export type CallContext = {
  readonly provider: string;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Values that must not be in a reason. */
  readonly secrets: readonly string[];
  /** What an error of the SDK means; undefined when it is none of the SDK's. */
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

/** A failure of the call as a typed one; what is none (a fault of our own, a reader that throws) stays as it is. */
function typed(error: unknown, { provider, now, secrets, troubleOf, spent }: CallContext): unknown {
  const own = wireFailureIn(error);
  if (own)
    return own.spent ? own : new WireFailure(provider, own.fault, own.more, { status: own.status, spent: spent() });
  const trouble = troubleOf(error) ?? troubleOfStream(error);
  return trouble ? failureOf(trouble, { provider, now: now(), secrets, spent: spent() }) : error;
}

/** What reading a stream throws: events that are no JSON, and connections that end (a TypeError with a cause). */
function troubleOfStream(error: unknown): Trouble | undefined {
  const isOfStream = error instanceof SyntaxError || (error instanceof TypeError && error.cause !== undefined);
  return isOfStream ? garbled(error) : undefined;
}

/** SDKs wrap what their fetch throws. */
function wireFailureIn(error: unknown): WireFailure | undefined {
  if (error instanceof WireFailure) return error;
  return error instanceof Error && error.cause !== undefined ? wireFailureIn(error.cause) : undefined;
}
