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
   * @param heard gets the parts of the text as they come; for watching only, as the reply may yet fail
   */
  ask(request: WireRequest, signal: AbortSignal, heard?: (text: string) => void): Promise<WireReply>;
}

/** Whom a failure tells something about: the provider and all its models, one model, or this one question. */
export type Scope = 'provider' | 'model' | 'question';

/**
 * What can go wrong with a call, as the company's failure kind and whom it concerns. A fault of scope `provider` belongs to
 * the provider's chart and may fall back to another provider; `model` may fall back to any other model; a `question` that
 * one model cannot answer is not charged to anybody's health.
 */
export const wireFaults = {
  /** 429. */
  throttled: { kind: 'quota', scope: 'provider' },
  /** 529, and 503 that says so. */
  overloaded: { kind: 'quota', scope: 'provider' },
  /** The account has no money left: the provider says so with 400, 402, 403 or 429. */
  exhausted: { kind: 'quota', scope: 'provider' },
  /** No connection, or it was reset before an answer began. */
  unreachable: { kind: 'environment', scope: 'provider' },
  /** 408, or the time limit of the wire. */
  slow: { kind: 'environment', scope: 'provider' },
  /** 5xx. */
  server: { kind: 'environment', scope: 'provider' },
  /** The stream ended early, came in the wrong order, or was not what the wire format says. */
  broken: { kind: 'environment', scope: 'provider' },
  /** 401 and 403, or no key at all. */
  key: { kind: 'permanent', scope: 'provider' },
  /** 404, or an unknown model. */
  model: { kind: 'permanent', scope: 'model' },
  /** 400 and 422. */
  request: { kind: 'permanent', scope: 'question' },
  /** 413, or more than the model's window. */
  large: { kind: 'permanent', scope: 'question' },
  /** A replay was asked what nobody recorded. */
  unrecorded: { kind: 'permanent', scope: 'question' },
  refused: { kind: 'contract', scope: 'question' },
  empty: { kind: 'contract', scope: 'question' },
  /** It used up `maxTokens` before it had finished. */
  cut: { kind: 'contract', scope: 'question' },
  /** More bytes than any answer may have. */
  oversize: { kind: 'contract', scope: 'question' },
} as const satisfies Readonly<Record<string, { kind: Failure['kind']; scope: Scope }>>;

export type WireFault = keyof typeof wireFaults;

export type WireFailureDetail = {
  /** HTTP status; undefined when there was none. */
  readonly status?: number | undefined;
  /** When the provider said it works again, as a wait from now in ms, already capped (back-off.ts). */
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
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly spent: WireUsage | undefined;

  /** @param reason one line in plain words, without the name of the provider */
  constructor(provider: string, fault: WireFault, reason: string, detail: WireFailureDetail = {}) {
    const { kind, scope } = wireFaults[fault];
    const until = kind === 'quota' && detail.until !== undefined ? { until: detail.until } : {};
    super({ kind, reason: `${provider}: ${reason}`, ...until });
    this.provider = provider;
    this.fault = fault;
    this.scope = scope;
    this.status = detail.status;
    this.retryAfterMs = detail.retryAfterMs;
    this.spent = detail.spent;
  }
}
