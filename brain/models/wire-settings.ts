// What an adapter needs to open a wire, all of it handed in.

export type WireSettings = {
  /** Name of the provider as the company's file calls it. */
  readonly provider: string;
  /** Undefined: the provider's own address. */
  readonly url: string | undefined;
  /** Undefined: it needs none, and none is sent. */
  readonly key: string | undefined;
  /** How long an answer may take to begin, ms. */
  readonly timeoutMs: number;
  /** Epoch ms on the company's clock. */
  readonly now: () => number;
};
