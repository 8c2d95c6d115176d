// Whether providers can be asked, as routing sees it. Behind the port is the provider chart, shared by all processes through
// the stream (actors/providers.ts).

/** Trouble of a provider, as a call met it. */
export type Trouble = {
  /** One line, without secrets. */
  readonly reason: string;
  /** How long it asked to be left alone, ms. */
  readonly waitMs?: number | undefined;
  /** True for what no wait heals by itself: a wrong key, a wrong address. */
  readonly lasting: boolean;
};

/** Leave to make one call. Say exactly once how it ended. */
export interface Pass {
  /** The provider answered, well or badly. */
  answered(): Promise<void>;
  failed(trouble: Trouble): Promise<void>;
  /** The call was ended by our own side. */
  released(): Promise<void>;
}

/** `closed` until `until`; `probe`: one call would be let through; `open`: any number. */
export type Access =
  | { readonly gate: 'open' | 'probe' }
  | { readonly gate: 'closed'; readonly until: number; readonly reason: string };

/** All providers that a company asks. `key` is a provider, or a provider and its account. */
export interface Reach {
  access(key: string): Access;
  /** Leave to ask a provider now; undefined when it is closed, or somebody else has got the probe. */
  enter(key: string): Promise<Pass | undefined>;
}
