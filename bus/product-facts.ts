// What a company's messages say of its product repositories: which commits its pull requests made, and which are still open.

import type { Message } from './messages.ts';
import type { Pull } from './records.ts';

export type ProductFacts = {
  readonly slug: string;
  /** The commit that its first pull request started from. */
  readonly origin: string | undefined;
  /** Merge commits on the default branch, oldest first. */
  readonly merged: readonly string[];
  /** Its pull requests, by number. */
  readonly pulls: readonly Pick<Pull, 'number' | 'branch' | 'head' | 'status'>[];
};

/** Folds messages, in order, into what they say of each product. */
export function createProductFacts(): { told(message: Message): void; all(): ProductFacts[] } {
  const slugs = new Set<string>();
  const pulls = new Map<number, Pull>();
  return {
    told(message) {
      if (message.type === 'brain.product') slugs.add(message.data.slug);
      else if (message.type.startsWith('pull.')) notePull(message, pulls, slugs);
    },
    all() {
      const known = [...pulls.values()];
      return [...slugs].sort().map((slug) => {
        const own = known.filter(({ product }) => product === slug);
        return {
          slug,
          origin: own.toSorted((a, b) => a.number - b.number)[0]?.base,
          merged: own.flatMap(({ merged }) => (merged === undefined ? [] : [merged])),
          pulls: own
            .map(({ number, branch, head, status }) => ({ number, branch, head, status }))
            .sort((a, b) => a.number - b.number),
        };
      });
    },
  };
}

type PullMessage = Extract<Message, { type: `pull.${string}` }>;

function notePull(message: Message, pulls: Map<number, Pull>, slugs: Set<string>): void {
  const { data } = message as PullMessage;
  // Set again, so that the order is that of the last change.
  pulls.delete(data.number);
  pulls.set(data.number, data);
  slugs.add(data.product);
}
