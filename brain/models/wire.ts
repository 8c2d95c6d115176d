// One provider's wire format as a port: one request out, one complete reply back. A wire knows no roles, no budgets and no
// second try: routing (router.ts) chooses it, waits, and tries again.
//
// Invariants:
//   W1. A reply is whole. What broke off, was cut short or was refused is a WireFailure, never half a reply.
//   W2. A wire never sleeps and never tries again; the abort of its signal ends the call at once.
//   W3. A reply is never free: usage that the provider does not give is estimated from bytes (usage.ts).
//   W4. The key of the provider is in no reason, reply or record.

import type { Failure } from '../../bus/records.ts';
import { type Exchange, ModelFailure, type ToolCall, type ToolSpec } from './model.ts';
import { oneLine } from './one-line.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** How hard a model thinks; providers that know no such thing are not told. */
export type Effort = 'low' | 'medium' | 'high';

export type WireRequest = {
  /** Name of the model as its provider spells it. */
  readonly model: string;
  readonly system: string;
  readonly prompt: string;
  /** Rounds of a tool loop so far, oldest first. All were said by this model on this wire (`saidBy`). */
  readonly rounds: readonly Exchange[];
  readonly tools: readonly ToolSpec[];
  /** JSON Schema that the text must keep; undefined for free text and tool loops. */
  readonly schema: JsonSchema | undefined;
  /** Most tokens that the reply may have, thinking included. */
  readonly maxTokens: number;
  readonly effort?: Effort | undefined;
  /** Who asks and about what, in words (`backend, write, D1.store, attempt 2`): for messages to people, never sent. */
  readonly label: string;
};

/** Tokens of one call. The three kinds of input are disjoint: their sum is the whole input. */
export type WireUsage = {
  /** Input tokens that were neither read from nor written to the provider's cache. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  /** True when the provider gave no usable numbers and these were counted from bytes. */
  readonly estimated: boolean;
};

/** `tools`: it wants its calls answered. Everything that is neither is a failure. */
export type StopReason = 'end' | 'tools';

export type WireReply = {
  readonly text: string;
  /** None unless `stop` is `tools`. An `input` that was no JSON is the text as it came. */
  readonly calls: readonly ToolCall[];
  /** A `Said`: belongs unchanged into `Exchange.said` of the next request. */
  readonly said: unknown;
  readonly usage: WireUsage;
  readonly stop: StopReason;
};

export interface Wire {
  /** Name of the provider as the company's file calls it. */
  readonly provider: string;
  /**
   * Asks once. Throws WireFailure; an aborted call rejects at once with the signal's reason, whatever the network does.
   * @param signal deadline and cancellation of this call
   * @param heard gets the parts of the text, and which calls are made, as they come; for watching only, as the reply may yet fail
   */
  ask(request: WireRequest, signal: AbortSignal, heard?: (text: string) => void): Promise<WireReply>;
}

/** Whom a failure tells something about: the provider and all its models, one model, or this one question. */
export type Scope = 'provider' | 'model' | 'question';

/**
 * What can go wrong with a call: the company's failure kind, whom it concerns, and how it is said. A fault of scope
 * `provider` belongs to the provider's chart and may fall back to another provider; `model` may fall back to any other
 * model; what is wrong with a `question` is not charged to anybody's health.
 */
export const wireFaults = {
  /** 429. */
  throttled: { kind: 'quota', scope: 'provider', words: 'too many requests' },
  /** 529, and 503 that says so. */
  overloaded: { kind: 'quota', scope: 'provider', words: 'overloaded' },
  /** 402, and 400, 403 or 429 that say so. */
  exhausted: { kind: 'quota', scope: 'provider', words: 'the account has no credit left' },
  unreachable: { kind: 'environment', scope: 'provider', words: 'no connection' },
  /** 408, 504, or the time limit of the wire. */
  slow: { kind: 'environment', scope: 'provider', words: 'no answer in time' },
  /** Other 5xx, and 409. */
  server: { kind: 'environment', scope: 'provider', words: 'the server failed' },
  /** The stream ended early, came in the wrong order, or was not what the wire format says. */
  broken: { kind: 'environment', scope: 'provider', words: 'the answer broke off or was garbled' },
  /** 401 and 403, or no key at all. */
  key: { kind: 'permanent', scope: 'provider', words: 'the key was refused' },
  /** A redirect, a web page, 404 and 405 from something else. */
  address: { kind: 'permanent', scope: 'provider', words: 'what answers at its address speaks another language' },
  /** 404. */
  model: { kind: 'permanent', scope: 'model', words: 'it has no such model' },
  /** 400, 422 and the rest of 4xx. */
  request: { kind: 'permanent', scope: 'question', words: 'the request was refused' },
  /** 413, or more than the model's window. */
  large: { kind: 'permanent', scope: 'question', words: 'the request is too large' },
  /** A replay was asked what nobody recorded. */
  unrecorded: { kind: 'permanent', scope: 'question', words: 'nobody recorded this question' },
  refused: { kind: 'contract', scope: 'question', words: 'the model refused' },
  empty: { kind: 'contract', scope: 'question', words: 'the answer is empty' },
  /** It used up `maxTokens`, or the model's window, before it had finished. */
  cut: { kind: 'contract', scope: 'question', words: 'the answer was cut off at its limit' },
  oversize: { kind: 'contract', scope: 'question', words: 'the answer is larger than any may be' },
} as const satisfies Readonly<Record<string, { kind: Failure['kind']; scope: Scope; words: string }>>;

export type WireFault = keyof typeof wireFaults;

export type WireFailureDetail = {
  /** HTTP status; undefined when there was none. */
  readonly status?: number | undefined;
  /** When the provider said it works again, as a wait from now in ms, already capped (retry-after.ts). */
  readonly retryAfterMs?: number | undefined;
  /** Epoch ms of the same moment on the company's clock. */
  readonly until?: number | undefined;
  /** What the call cost all the same. Undefined: nothing was read by a model. */
  readonly spent?: WireUsage | undefined;
};

/**
 * A call without a reply. `failure` is what the company records; the rest is for routing: `fault` and `scope` say whom it
 * concerns, `retryAfterMs` what the provider asked for, `spent` what is to be paid (price it with `costOf`).
 */
export class WireFailure extends ModelFailure {
  readonly provider: string;
  readonly fault: WireFault;
  readonly scope: Scope;
  /** What the provider said about it. */
  readonly more: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly spent: WireUsage | undefined;

  /** @param more what the provider said about it, without secrets; is made one line, may be empty */
  constructor(provider: string, fault: WireFault, more: string, detail: WireFailureDetail = {}) {
    const { kind, scope, words } = wireFaults[fault];
    const told = oneLine(more);
    const until = kind === 'quota' && detail.until !== undefined ? { until: detail.until } : {};
    const status = detail.status === undefined ? '' : ` (${detail.status})`;
    super({ kind, reason: `${provider}: ${words}${status}${told === '' ? '' : `: ${told}`}`, ...until });
    this.provider = provider;
    this.fault = fault;
    this.scope = scope;
    this.more = told;
    this.status = detail.status;
    this.retryAfterMs = detail.retryAfterMs;
    this.spent = detail.spent;
  }
}
