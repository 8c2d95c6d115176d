// The auditor: looks at a stream message by message and says which invariants it breaks. It knows nothing of the company
// but its messages, so it judges a running one, a recorded one and a simulated one in the same way.

import type { Foreign, Stored } from '../bus/bus.ts';
import type { MessageType } from '../bus/messages.ts';
import { budgetChecks } from './budget-checks.ts';
import { endChecks } from './end.ts';
import { foldOf } from './fold.ts';
import { forgeChecks } from './forge-checks.ts';
import type { Check, Judge, JudgeThing, Violation } from './judge.ts';
import { Ledger } from './ledger.ts';
import { moneyChecks } from './money-checks.ts';
import { policyChecks } from './policy-checks.ts';
import { restChecks } from './rest.ts';
import { rewardChecks } from './reward-checks.ts';
import type { Rules } from './rules.ts';
import { standingChecks } from './standing-checks.ts';
import { stepChecks } from './step-checks.ts';
import { streamChecks } from './stream-checks.ts';
import { type InvariantId, invariants } from './table.ts';
import { talkChecks } from './talk-checks.ts';
import { taskChecks } from './task-checks.ts';

export type { Violation } from './judge.ts';
export type { Rules } from './rules.ts';
export { invariants } from './table.ts';

export interface Auditor {
  /** Looks at the next message of the stream, in order. The cost does not depend on how long the stream is. */
  look(stored: Stored): readonly Violation[];
  /** A message that this version cannot read is in its place all the same; what it is about cannot be judged. */
  skip(foreign: Foreign): void;
  /** What must hold whenever nothing is in flight, at `now` (epoch ms): nothing lost, nothing late without a reason. */
  atRest(now: number): readonly Violation[];
  /** What must hold when all work has ended. */
  atEnd(now: number): readonly Violation[];
  /** The fold as canonical JSON: the same text as `foldOf` (fold.ts) of a live state. */
  fold(): string;
  /** Other rules from here on: another org chart is in force. */
  obey(rules: Rules): void;
  /** How often each invariant was judged so far. */
  readonly counts: ReadonlyMap<InvariantId, number>;
  /** What could not be judged, and why, one line each. */
  unjudged(): readonly string[];
}

/** The message in hand, and what is wrong with it. */
type InHand = { readonly stored: Stored; found: Violation[] | undefined };

export function createAuditor(rules: Rules): Auditor {
  const ledger = new Ledger();
  const counts: Record<string, number> = Object.fromEntries(invariants.map(({ id }) => [id, 0]));
  const count = (id: InvariantId) => {
    counts[id] = (counts[id] ?? 0) + 1;
  };
  let last = { time: '', at: 0 };
  // One judge for all messages: it is asked some thirty times a message.
  let hand: InHand | undefined;
  const judge: Judge = (invariant, holds, detail) => {
    count(invariant);
    if (holds || !hand) return;
    const { seq, subject } = hand.stored;
    hand.found ??= [];
    hand.found.push({ invariant, seq, subject, detail: detail() });
  };
  const checks = dispatch([
    ...streamChecks(),
    ...taskChecks(),
    ...stepChecks(),
    ...forgeChecks(),
    ...policyChecks,
    ...budgetChecks(),
    ...moneyChecks(),
    ...talkChecks(),
    ...rewardChecks(),
    ...standingChecks(),
  ]);
  let inForce = rules;

  function judging(run: (judge: JudgeThing) => void): readonly Violation[] {
    const found: Violation[] = [];
    run((invariant, holds, { seq, subject, detail }) => {
      count(invariant);
      if (!holds) found.push({ invariant, seq, subject, detail: detail() });
    });
    return found;
  }

  return {
    get counts() {
      return new Map(invariants.map(({ id }) => [id, counts[id] ?? 0]));
    },
    look(stored) {
      const { message } = stored;
      // Many messages share an instant.
      if (message.time !== last.time) last = { time: message.time, at: Date.parse(message.time) };
      const { at } = last;
      const inHand: InHand = { stored, found: undefined };
      hand = inHand;
      const given = { stored, ledger, rules: inForce, at, judge };
      for (const check of checks(message.type)) check.look(given);
      ledger.fold(stored, at);
      return inHand.found ?? [];
    },
    skip: (foreign) => ledger.skip(foreign),
    atRest: (now) => judging((judge) => restChecks(ledger, inForce, now, judge)),
    atEnd: (now) => judging((judge) => endChecks(ledger, inForce, now, judge)),
    fold: () => foldOf(ledger.foldable()),
    obey(next) {
      inForce = next;
    },
    unjudged: () => unjudged(inForce),
  };
}

/** The checks for each type of message, in their order. */
function dispatch(checks: readonly Check[]): (type: MessageType) => readonly Check[] {
  const known = new Map<MessageType, readonly Check[]>();
  return (type) => {
    const found = known.get(type) ?? checks.filter(({ types }) => types === undefined || types.includes(type));
    known.set(type, found);
    return found;
  };
}

function unjudged({ budgets, roles, depth, attempts, needs, standing }: Rules): readonly string[] {
  return [
    ...(roles === undefined && (depth === undefined || attempts === undefined)
      ? ['I17: the org chart is not known, so neither are all limits of a lineage']
      : []),
    ...(budgets === undefined
      ? ['I16: the org chart is not known; budgets are judged by what each reservation says of them']
      : []),
    ...(needs === undefined ? ['I12: which evidence each type of task needs is not known; some is asked for'] : []),
    ...(standing === undefined ? ['I29: the org chart is not known, so neither are the thresholds of a standing'] : []),
    'I25: there is no live state to compare with here',
  ];
}
