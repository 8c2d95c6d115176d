// Which models may answer a question, in which order: the one selection that every caller uses. Pure.
//
// Filters, in their order: what a tool loop is bound to, the provider's state, its key, the record of success, the price. The
// record only reorders, unless it is strong; and where it would leave nobody, it leaves everybody. Money is looked at after
// that net, so the net cannot bring back what is too dear. Who was left out is never without a reason.

import { ModelFailure } from './model.ts';
import type { Access } from './reach.ts';
import { type Trials, verdictOn } from './trials.ts';

/** A model of a provider. In org.yaml and in bills: `anthropic/claude-opus-5-5`. */
export type Choice = { readonly provider: string; readonly model: string };

export function nameOf({ provider, model }: Choice): string {
  return `${provider}/${model}`;
}

/** The choice that a name is: `vllm/meta-llama/Llama-4` ends its provider at the first slash. */
export function choiceOf(name: string): Choice {
  const at = name.indexOf('/');
  return { provider: name.slice(0, at), model: name.slice(at + 1) };
}

/** A choice with everything that decides about it. */
export type Candidate = {
  readonly choice: Choice;
  /** Why it cannot answer this very question: another model began its tool loop. */
  readonly unfit?: string | undefined;
  readonly access: Access;
  /** What is missing to ask it: its key. */
  readonly missing?: string | undefined;
  readonly trials: Trials;
  /** The most it can cost, US dollars, or why that is not known. */
  readonly worst: number | { readonly unpriced: string };
};

export type Left = {
  readonly choice: Choice;
  readonly why: string;
  /** Epoch ms from which it could be asked; undefined where waiting does not help. */
  readonly until?: number | undefined;
};

export type Chosen = {
  /** The first one is asked; the others if that fails. */
  readonly order: readonly { readonly choice: Choice; readonly worst: number }[];
  readonly left: readonly Left[];
};

/**
 * @param candidates in the order of org.yaml
 * @param most US dollars that one call may cost; undefined = no limit
 */
export function choose(candidates: readonly Candidate[], most?: number): Chosen {
  const left: Left[] = [];
  const without = (pool: readonly Candidate[], why: (one: Candidate) => Omit<Left, 'choice'> | undefined) =>
    pool.filter((one) => {
      const reason = why(one);
      if (reason) left.push({ choice: one.choice, ...reason });
      return reason === undefined;
    });
  const fit = without(candidates, ({ unfit }) => (unfit === undefined ? undefined : { why: unfit }));
  const reachable = without(fit, ({ access }) =>
    access.gate === 'closed' ? { why: access.reason, until: access.until } : undefined,
  );
  const equipped = without(reachable, ({ missing }) => (missing === undefined ? undefined : { why: missing }));
  const proven = ranked(equipped);
  for (const { choice, trials } of equipped.filter((one) => !proven.includes(one))) {
    left.push({ choice, why: `${trials.failed} of ${trials.passed + trials.failed} attempts with it failed` });
  }
  const order: { choice: Choice; worst: number }[] = [];
  for (const { choice, worst } of proven) {
    if (typeof worst !== 'number') left.push({ choice, why: worst.unpriced });
    else if (most !== undefined && worst > most) left.push({ choice, why: `one call may cost $${worst.toFixed(2)}` });
    else order.push({ choice, worst });
  }
  return { order, left };
}

/** Poor ones last, hopeless ones not at all while there is another. */
function ranked(pool: readonly Candidate[]): readonly Candidate[] {
  const judged = pool.map((one) => ({ one, verdict: verdictOn(one.trials) }));
  const of = (wanted: string) => judged.filter(({ verdict }) => verdict === wanted).map(({ one }) => one);
  const standing = [...of('good'), ...of('poor')];
  return standing.length > 0 ? standing : pool;
}

/**
 * Nobody could be asked: `quota` with an instant when waiting helps, otherwise `permanent`. Says each model and why not.
 * @param now epoch ms
 */
export function nobody(left: readonly Left[], now: number, usage?: ModelFailure['usage']): ModelFailure {
  const reasons = left.map(({ choice, why }) => `${nameOf(choice)}: ${why}`);
  const reason = `no model can be asked: ${reasons.length === 0 ? 'none is configured' : reasons.join('; ')}`;
  const instants = left.flatMap(({ until }) => (until === undefined ? [] : [until]));
  if (instants.length === 0) return new ModelFailure({ kind: 'permanent', reason }, usage);
  // Never at once: whoever has lost a race for a probe would come back in a circle.
  return new ModelFailure({ kind: 'quota', reason, until: Math.max(Math.min(...instants), now + 1_000) }, usage);
}
