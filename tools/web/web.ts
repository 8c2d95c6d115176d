// The web as a port: searching, and reading a page. What comes back is text from outside: whoever puts it before a model fences
// it and is tainted by it (docs/policy.md); nothing in it is an order, and no address in it is followed by itself.

import { HeadcountError } from '../../bus/errors.ts';

export type SearchResult = { readonly title: string; readonly url: string; readonly snippet: string };

export type Page = {
  /** Where it was in the end, after redirects. */
  readonly url: string;
  readonly title: string;
  /** What a reader sees of it. */
  readonly text: string;
  /** True when it was longer than may be read. */
  readonly cut: boolean;
  /** Characters that a reader would not have seen: they are not in `text`. */
  readonly hidden: number;
};

/**
 * Why there is no answer. `off`: the company has no web, or no key. `refused`: the policy forbids that address, or what is there.
 * `offline`: nothing could be reached. `quota`: asked too often. `failed`: whatever answered made no sense.
 */
export type WebTrouble = 'off' | 'refused' | 'offline' | 'quota' | 'failed';

export class WebFailure extends HeadcountError {
  override readonly name = 'WebFailure';
  readonly trouble: WebTrouble;
  constructor(trouble: WebTrouble, message: string, next: string, cause?: unknown) {
    super(`WEB_${trouble.toUpperCase()}`, message, next, cause === undefined ? {} : { cause });
    this.trouble = trouble;
  }
}

export interface Web {
  /** The first results for a question, best first; none when nothing is found. Throws WebFailure. */
  search(query: string, signal: AbortSignal): Promise<readonly SearchResult[]>;
  /** One page as text. Throws WebFailure. */
  read(url: string, signal: AbortSignal): Promise<Page>;
}

export const webLimits = {
  /** Characters of a question, and of an address. */
  query: 300,
  url: 2_000,
  /** Bytes that are read of a page or an answer. */
  bytes: 1_000_000,
  /** Characters of text that are kept of a page. */
  text: 40_000,
  /** Longest time for one page with all its redirects, ms. */
  ms: 20_000,
  redirects: 5,
  results: 8,
} as const;

const off = async (): Promise<never> => {
  throw new WebFailure('off', 'this company has no web', 'add a `web:` section to org.yaml');
};

/** For a company whose org.yaml says nothing about the web. */
export const noWeb: Web = { search: off, read: off };
