// What the stream says of the providers: a fold of `provider.*`, like the board.

import type { Message } from '../bus/messages.ts';
import type { ProviderStanding } from '../bus/records.ts';
import { type Standing, unheard } from '../machines/provider.ts';

export interface Standings {
  /** As last heard; a provider nobody has heard of is healthy. */
  of(key: string): Standing;
  /** The last sequence on its subject; 0 = there is none. */
  seqOf(key: string): number;
  keys(): readonly string[];
}

/** The folding side. */
export interface LiveStandings extends Standings {
  told(message: Pick<Message, 'type' | 'data'>, seq: number): void;
}

export function createStandings(): LiveStandings {
  const known = new Map<string, { standing: Standing; seq: number }>();
  return {
    of: (key) => known.get(key)?.standing ?? unheard,
    seqOf: (key) => known.get(key)?.seq ?? 0,
    keys: () => [...known.keys()],
    told({ type, data }, seq) {
      if (type !== 'provider.changed') return;
      const { provider, by, until, reason, probes = 0, ...rest } = data as ProviderStanding;
      if (seq <= (known.get(provider)?.seq ?? 0)) return;
      known.set(provider, { standing: { ...rest, until, reason, probes }, seq });
    },
  };
}
