// I30 and I31: a score can be taken apart into what shows it, and is remembered once.

import { Signal } from '../bus/scores.ts';
import type { Check } from './judge.ts';

/** Scores have one decimal, points six: more than this is no rounding. */
const ROUNDING = 0.051;
const SMALL = 1e-3;

const scored: Check = {
  types: ['task.completed'],
  look({ stored: { message }, ledger: known, judge }) {
    if (message.type !== 'task.completed') return;
    const { id, score, ledger } = message.data.task;
    if (score === undefined) return;
    judge('I30', ledger !== undefined, () => `${id} scored ${score}, and nothing says why`);
    if (!ledger) return;
    const { rows, missing } = ledger;
    const named = [...rows, ...missing].map(({ signal }) => signal).toSorted();
    judge('I30', `${named}` === `${[...Signal.options].toSorted()}`, () => `the ledger of ${id} names ${named}`);
    const sum = rows.reduce((total, { points }) => total + points, 0);
    judge('I30', Math.abs(sum - score) < ROUNDING, () => `${id} scored ${score}, and its ledger comes to ${sum}`);
    const shares = rows.reduce((total, { share }) => total + share, 0);
    judge('I30', shares === 0 || Math.abs(shares - 1) < SMALL, () => `the shares of ${id} come to ${shares}`);
    for (const { signal, value, share, points, evidence } of rows) {
      judge('I30', Math.abs(points - 100 * value * share) < SMALL, () => {
        return `${signal} of ${id} has ${points} points for ${value} with a share of ${share}`;
      });
      const lost = evidence.find((one) => one !== message.id && !known.ids.has(one));
      judge('I30', evidence.length > 0 && lost === undefined, () => {
        return lost === undefined
          ? `nothing shows ${signal} of ${id}`
          : `${signal} of ${id} is shown by ${lost}, which is not there`;
      });
    }
  },
};

function rewarded(): Check {
  const counts = new Map<string, number>();
  /** Task -> who was rewarded for it. */
  const given = new Map<string, string>();
  return {
    types: ['agent.remembered'],
    look({ stored: { message }, ledger, judge }) {
      if (message.type !== 'agent.remembered') return;
      const { agent, count, task, score } = message.data;
      const before = counts.get(agent) ?? 0;
      counts.set(agent, count);
      judge('I31', count === before + 1, () => `${agent} has ${count} scores, and had ${before}`);
      judge('I31', !given.has(task), () => `${agent} is rewarded for ${task}, and ${given.get(task)} was already`);
      given.set(task, agent);
      const done = ledger.tasks.get(task)?.is;
      // One that is not done is said by I13.
      judge('I31', done?.status !== 'done' || done.score === score, () => {
        return `${agent} remembers ${score} for ${task}, which scored ${done?.score}`;
      });
    },
  };
}

export function rewardChecks(): readonly Check[] {
  return [scored, rewarded()];
}
