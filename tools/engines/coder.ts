// Command lines as employees, as a port.

import type { BlockerCode } from '../../bus/blocker-code.ts';
import type { CliSettings } from '../../org/org.ts';
import type { Clone } from '../tools.ts';

export type CoderName = 'claude' | 'codex';

/** What a call with these tokens costs, US dollars; undefined for a model without a price. */
export type PriceOf = (used: {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}) => number | undefined;

export type CoderJob = {
  readonly name: CoderName;
  /** Where it works: the only folder of the company that it sees. */
  readonly clone: Clone;
  readonly prompt: string;
  /** JSON Schema of the report that it must end with. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly settings: CliSettings;
  /** By it a program without a budget of its own is held to `settings.cost`. */
  readonly priceOf: PriceOf;
  readonly signal: AbortSignal;
  /** Gets what it says and does, one line each, as it comes; for watching only. */
  readonly heard: (line: string) => void;
};

/** What it used, as it says itself. */
export type CoderUsage = {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars; undefined where the program names none. */
  readonly cost: number | undefined;
};

/** `limit`: it used up its turns or its money. The rest as in agent reports. */
export type CoderTrouble = {
  readonly code: BlockerCode | 'limit';
  readonly why: string;
  /** Where its provider is the cause: the HTTP status that it answered with, 0 where nobody answered. */
  readonly status?: number | undefined;
};

export type Coded = {
  /** The report as JSON that nobody has checked yet, or why there is none. */
  readonly end: { readonly report: unknown } | CoderTrouble;
  readonly usage: CoderUsage | undefined;
  /** Its calls were counted on the way: without usage, none of them was answered. */
  readonly counted?: true;
};

export interface Coders {
  /** Runs a command line to its end. Throws the signal's reason when aborted, NoClone; everything else is in the result. */
  run(job: CoderJob): Promise<Coded>;
}
