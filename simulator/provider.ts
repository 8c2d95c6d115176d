// The provider of models as a simulated company meets it: out of quota, overloaded, slow, and at times talking nonsense.

import { type Answer, type Model, ModelFailure, type Question } from '../brain/models/model.ts';
import type { Clock } from '../bus/clock.ts';
import type { Chance } from './chance.ts';
import type { Weather } from './faults.ts';
import type { Tape } from './tape.ts';

/** How often a question is struck at the usual rate. */
const USUAL = 0.03;
const MINUTE_MS = 60_000;
const LONGEST_QUOTA_MINUTES = 120;
const LONGEST_SLOW_MINUTES = 90;

export type Asked = {
  /** By the id of the question: how often it was asked, and how often the provider failed it. */
  readonly asked: ReadonlyMap<string, number>;
  readonly failed: ReadonlyMap<string, number>;
};

export type Providers = Asked & {
  /** A provider by its name; undefined where there is only one, and nothing is routed. */
  of(name: string | undefined): Model;
};

/**
 * The providers of a company: one, or several that a router chooses from.
 * @param clock the true time, which they keep
 */
export function createProviders(
  inner: Model,
  weather: Pick<Weather, 'kinds' | 'rate'>,
  { chance, tape, clock }: { readonly chance: Chance; readonly tape: Tape; readonly clock: Clock },
): Providers {
  const on = new Set<string>(weather.kinds);
  const asked = new Map<string, number>();
  const failed = new Map<string, number>();
  const count = (counts: Map<string, number>, id: string) => void counts.set(id, (counts.get(id) ?? 0) + 1);
  const strike = (kind: string, id: string, most: number): number => {
    const draw = () => (on.has(kind) && chance.strikes(USUAL * weather.rate) ? chance.between(1, most) : undefined);
    return Number(tape.decide(kind, id, draw) ?? 0);
  };

  async function answer(
    id: string,
    question: Question,
    signal: AbortSignal,
    heard?: (text: string) => void,
  ): Promise<Answer> {
    const struck = (kind: string, most: number) => strike(kind, id, most);
    const quota = struck('429', LONGEST_QUOTA_MINUTES);
    if (quota > 0) {
      const until = clock.now() + quota * MINUTE_MS;
      throw new ModelFailure({ kind: 'quota', reason: '429: out of quota', until });
    }
    if (struck('overload', 1) > 0) throw new ModelFailure({ kind: 'environment', reason: '529: overloaded' });
    const slow = struck('slow', LONGEST_SLOW_MINUTES);
    if (slow > 0) await clock.sleepUntil(clock.now() + slow * MINUTE_MS, signal);
    const said = await inner.think(question, signal, heard);
    if (struck('garbage', 1) > 0) return { ...said, text: `Sure! ${said.text.slice(3, 40)} \u0000 and so on` };
    return struck('truncated', 1) > 0 ? { ...said, text: said.text.slice(0, said.text.length / 2) } : said;
  }

  const providerOf = (name: string | undefined): Model => ({
    quote: (question) => inner.quote(question),
    async think(question, signal, heard) {
      const id = name === undefined ? question.id : `${name}: ${question.id}`;
      count(asked, id);
      try {
        return await answer(id, question, signal, heard);
      } catch (error) {
        count(failed, id);
        throw error;
      }
    },
  });
  return { asked, failed, of: providerOf };
}
