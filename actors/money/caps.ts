// Which caps hold for a call, from the org chart in force and from what people have raised. Pure.

import type { Stop } from '../../bus/money.ts';
import { type Capped, micro, type Payer, type Purse, pursesOf } from '../../machines/wallet.ts';
import { type Org, type Role, roleOf } from '../../org/org.ts';
import type { Board } from '../board.ts';
import type { Books } from './books.ts';

/** Whose team a role is in: its own where it has reports, its boss's, and so on upwards. */
export function teamsOf(org: Org, role: Role): readonly string[] {
  const teams = role.reports.length > 0 ? [role.name] : [];
  for (let boss = role.boss; boss !== undefined; boss = roleOf(org, boss)?.boss) teams.push(boss);
  return teams;
}

/** What org.yaml lets a wallet spend in a period, US dollars; undefined where it says nothing. */
function capOf(org: Org, role: Role, { wallet, span }: Purse): number | undefined {
  const [kind, name = ''] = wallet.split('.');
  if (kind === 'lineage') return role.policy.lineage.cost;
  if (kind === 'task') return role.budget.task ?? org.budget.task;
  if (span === 'whole') return undefined;
  if (kind === 'team') return roleOf(org, name)?.team[span];
  return kind === 'role' ? role.budget[span] : org.budget[span];
}

/**
 * The purses of a call that have a cap, from the company down.
 * @param drawn by purse, what is taken out of it besides what the books say; millionths
 */
export function cappedOf(
  org: Org,
  role: Role,
  payer: Payer,
  at: number,
  books: Books,
  drawn: ReadonlyMap<string, number> = new Map(),
): readonly Capped[] {
  const capped: Capped[] = [];
  for (const purse of pursesOf(payer, at)) {
    const cap = capOf(org, role, purse);
    if (cap === undefined) continue;
    capped.push({
      cap: micro(cap) + books.raised(purse.name),
      used: books.used(purse.name) + (drawn.get(purse.name) ?? 0),
      ...purse,
    });
  }
  return capped;
}

/** What a person says who raises a cap: `raise`, and `retry` where the question is what becomes of a task. */
const YES: readonly (string | undefined)[] = ['raise', 'retry'];

/** Who raised the cap after a stop; undefined while nobody has. */
export function raisedBy({ state }: Pick<Board, 'state'>, { question, at }: Stop): string | undefined {
  const approval = state.approvals.get(question);
  // A question about a task may be asked again and again under one id: only an answer to this stop counts.
  if (approval?.status !== 'answered' || approval.askedAt < at || !YES.includes(approval.answer)) return undefined;
  return approval.by ?? 'somebody';
}
