// Milestones: which of those that org.yaml declares are reached, from what the company knows of itself. Each is said once
// for ever; every brief celebrates it (brief-sections.ts).

import type { CompanyState } from '../brain/memory/company.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { Comparison, Milestone } from '../org/milestones.ts';
import type { Org } from '../org/org.ts';
import type { Board } from './board.ts';
import { publishOnce } from './once.ts';

const DAY_MS = 86_400_000;

type Knowing = { readonly board: Board; readonly company: { get(): CompanyState } };

/** Days since an instant; none when there was none. */
const daysSince = (at: number | undefined, now: number) => (at === undefined ? 0 : Math.floor((now - at) / DAY_MS));

/** The first merge, or the last alert after it: since then nothing is known to have broken. */
function soundSince({ tally, learned }: Board): number | undefined {
  return tally.firstMergedAt === undefined ? undefined : Math.max(tally.firstMergedAt, learned.alertedAt);
}

/**
 * A number that a condition speaks of.
 * @param now epoch ms
 */
export function factOf(fact: Comparison['fact'], { board, company }: Knowing, now: number): number {
  const { metrics, goals, bugs } = company.get();
  switch (fact) {
    case 'merged':
      return board.tally.merged;
    case 'done':
      return board.tally.done;
    case 'goals':
      return Object.values(goals).filter(({ status }) => status === 'achieved').length;
    case 'open_bugs':
      return Object.values(bugs).filter(({ status }) => status === 'open').length;
    case 'lessons':
      return [...board.learned.lessons.values()].filter(({ is }) => is.status === 'active').length;
    case 'days':
      return daysSince(board.tally.firstCreatedAt, now);
    case 'days_without_regression':
      return daysSince(soundSince(board), now);
    default:
      return metrics[fact.replace(/^metric\./, '')] ?? 0;
  }
}

function holds({ fact, is, number }: Comparison, knowing: Knowing, now: number): boolean {
  const value = factOf(fact, knowing, now);
  switch (is) {
    case '>=':
      return value >= number;
    case '>':
      return value > number;
    case '=':
      return value === number;
    case '<':
      return value < number;
    case '<=':
      return value <= number;
  }
}

/** Milestones that are reached and were not celebrated yet. Pure. */
export function reached(knowing: Knowing, { milestones }: Org, now: number): readonly Milestone[] {
  const celebrated = knowing.company.get().milestones;
  return milestones.filter(
    ({ name, when }) => !Object.hasOwn(celebrated, name) && when.every((one) => holds(one, knowing, now)),
  );
}

/**
 * Says each of them once for ever, whoever notices it and however often.
 * @param cause id of the message after which it was noticed
 */
export async function celebrate(
  bus: Bus,
  milestones: readonly Milestone[],
  by: { readonly source: string; readonly cause: string },
): Promise<void> {
  for (const { name, text } of milestones) {
    const draft = {
      id: `milestone.${name}`,
      type: 'brain.milestone' as const,
      source: by.source,
      data: { name, text },
      causationid: by.cause,
    };
    await publishOnce(bus, subjects.brain('milestone'), draft, 0);
  }
}
