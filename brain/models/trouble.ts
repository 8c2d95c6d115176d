// From what goes wrong on a connection to a typed failure. Pure: the adapters say what their SDK threw in the words of
// `Trouble`, and this table judges it the same way for every provider.

import { oneLine } from './one-line.ts';
import { LONGEST_WAIT_MS, retryAfterMsOf } from './retry-after.ts';
import { WireFailure, type WireFault, type WireUsage } from './wire.ts';

/** What went wrong with a call, as far as it is known. */
export type Trouble = {
  /** HTTP status; undefined: there was no answer, or the trouble came inside a stream. */
  readonly status?: number | undefined;
  /** The provider's own names for it: `error.code` and `error.type`. */
  readonly names: readonly (string | null | undefined)[];
  readonly message: string;
  readonly headers?: { get(name: string): string | null } | undefined;
  /** For trouble that has neither status nor name. */
  readonly otherwise: WireFault;
};

/** Names that tell more than the status they come with. */
const telling: Readonly<Record<string, WireFault>> = {
  overloaded_error: 'overloaded',
  billing_error: 'exhausted',
  insufficient_quota: 'exhausted',
  billing_hard_limit_reached: 'exhausted',
  model_not_found: 'model',
  context_length_exceeded: 'large',
  request_too_large: 'large',
  invalid_api_key: 'key',
};

/** Names that count when there is no status: errors inside a stream. */
const named: Readonly<Record<string, WireFault>> = {
  rate_limit_error: 'throttled',
  rate_limit_exceeded: 'throttled',
  api_error: 'server',
  server_error: 'server',
  timeout_error: 'slow',
  authentication_error: 'key',
  permission_error: 'key',
  not_found_error: 'model',
  invalid_request_error: 'request',
};

const byStatus: Readonly<Record<number, WireFault>> = {
  401: 'key',
  402: 'exhausted',
  403: 'key',
  405: 'address',
  408: 'slow',
  409: 'server',
  413: 'large',
  429: 'throttled',
  504: 'slow',
  529: 'overloaded',
};

/** A 400 that is about money or size in all but name. */
const noCredit = /credit balance|billing|exceeded your current quota/i;
const tooLong = /prompt is too long|context (?:length|window)|maximum context/i;

/** Which fault it is. A 404 without a named error is somebody else's page. */
export function faultOf({ status, names, message, otherwise }: Trouble): WireFault {
  const own = names.filter((name) => typeof name === 'string');
  const told = own.map((name) => telling[name]).find((fault) => fault !== undefined);
  if (told) return told;
  if (status === undefined) return own.map((name) => named[name]).find((fault) => fault !== undefined) ?? otherwise;
  if (status < 400) return 'address';
  if (status === 404) return own.length > 0 || /model/i.test(message) ? 'model' : 'address';
  const known = byStatus[status];
  if (known) return known;
  if (status >= 500) return 'server';
  if (noCredit.test(message)) return 'exhausted';
  return tooLong.test(message) ? 'large' : 'request';
}

/** The time limit of the wire was reached. */
export const tooSlow: Trouble = { names: [], message: '', otherwise: 'slow' };

/** A connection that did not come about, or fell silent. */
export function noConnection(error: Error): Trouble {
  const { name, message } = rootOf(error);
  // What undici calls it when nothing comes for minutes.
  const isSilent = name === 'HeadersTimeoutError' || name === 'BodyTimeoutError';
  return { names: [], message, otherwise: isSilent ? 'slow' : 'unreachable' };
}

/** An answer that broke off, or is not what it should be. */
export function garbled(error: Error): Trouble {
  const { otherwise } = noConnection(error);
  return { names: [], message: rootOf(error).message, otherwise: otherwise === 'slow' ? 'slow' : 'broken' };
}

/** The error that was behind all others. */
function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

export type TroubleContext = {
  readonly provider: string;
  /** Epoch ms on the company's clock. */
  readonly now: number;
  /** Values that must not be in a reason. */
  readonly secrets: readonly string[];
  readonly spent?: WireUsage | undefined;
};

/**
 * The failure that a trouble is. Quota without a time from the provider has no `until`, and the provider chart waits by its
 * own policy; except for an empty account: nobody fills one within minutes, so it is asked again after an hour.
 */
export function failureOf(trouble: Trouble, { provider, now, secrets, spent }: TroubleContext): WireFailure {
  const fault = faultOf(trouble);
  const asked = trouble.headers ? retryAfterMsOf(trouble.headers, now) : undefined;
  const retryAfterMs = fault === 'exhausted' ? LONGEST_WAIT_MS : asked;
  return new WireFailure(provider, fault, oneLine(trouble.message, secrets), {
    status: trouble.status,
    retryAfterMs,
    until: retryAfterMs === undefined ? undefined : now + retryAfterMs,
    spent,
  });
}
