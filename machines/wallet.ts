// Wallets as a tree: the company, the teams in it, a role, a lineage, a task. A call draws on every wallet above it, and is
// made when its worst case fits into all of them. Pure.
//
// Money is counted in whole millionths of a dollar here, so that sums do not drift.

/** A day and a month are those of UTC; `whole` has no end. */
export type Span = 'day' | 'month' | 'whole';

/** A wallet in one period. */
export type Purse = {
  /** `role.backend.day.2026-01-05` */
  readonly name: string;
  /** `role.backend` */
  readonly wallet: string;
  readonly span: Span;
};

/** Who draws: what of a reservation decides about its wallets. */
export type Payer = {
  readonly role: string;
  /** Nearest first. */
  readonly teams: readonly string[];
  readonly lineage?: string | undefined;
  readonly task?: string | undefined;
};

const MICRO = 1e6;

/** Dollars in millionths, rounded up: what costs something never counts as nothing. */
export function micro(dollars: number): number {
  // What is a whole number of millionths but for the last bits of its fraction is not rounded up.
  return Math.max(0, Math.ceil(dollars * MICRO - 1e-4));
}

export function dollars(micros: number): number {
  return micros / MICRO;
}

/** The last day that was written as text: calls come in the order of time. */
let written = { day: Number.NaN, text: '' };
const DAY_MS = 24 * 60 * 60 * 1000;

function dayOf(at: number): string {
  const day = Math.floor(at / DAY_MS);
  if (written.day !== day) written = { day, text: new Date(at).toISOString().slice(0, 10) };
  return written.text;
}

function purse(wallet: string, span: Span, day: string): Purse {
  if (span === 'whole') return { name: wallet, wallet, span };
  return { name: `${wallet}.${span}.${span === 'day' ? day : day.slice(0, 7)}`, wallet, span };
}

/**
 * Every purse that a call draws on, from the company down.
 * @param at epoch ms
 */
export function pursesOf({ role, teams, lineage, task }: Payer, at: number): readonly Purse[] {
  const day = dayOf(at);
  const periodic = ['company', ...teams.toReversed().map((team) => `team.${team}`), `role.${role}`];
  const purses = periodic.flatMap((wallet) => [purse(wallet, 'month', day), purse(wallet, 'day', day)]);
  if (lineage !== undefined) purses.push(purse(`lineage.${lineage}`, 'whole', day));
  if (task !== undefined) purses.push(purse(`task.${task}`, 'whole', day));
  return purses;
}

/** When a purse is full again, epoch ms; undefined for one that has no end. */
export function periodEnd(span: Span, at: number): number | undefined {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (span === 'day') return Date.UTC(year, month, date.getUTCDate() + 1);
  return span === 'month' ? Date.UTC(year, month + 1, 1) : undefined;
}

/** A purse with what it may hold and what was taken out of it, in millionths. */
export type Capped = Purse & {
  readonly cap: number;
  /** What was settled, and the worst case of what was not. */
  readonly used: number;
};

/** The first purse, from the company down, into which `worst` does not fit; undefined when it fits into all. */
export function shortOf(purses: readonly Capped[], worst: number): Capped | undefined {
  return purses.find(({ cap, used }) => used + worst > cap);
}

/**
 * Purses of which so much is used that people should hear of it.
 * @param part of the cap, 0 to 1
 */
export function nearlyEmpty(purses: readonly Capped[], part: number): readonly Capped[] {
  return purses.filter(({ cap, used }) => used >= cap * part);
}

/** By how much people are asked to raise a cap: half of it, at least what the call needs, in whole cents; millionths. */
export function raiseOf({ cap, used }: Capped, worst: number): number {
  const cent = MICRO / 100;
  return Math.ceil(Math.max(cap / 2, used + worst - cap, cent) / cent) * cent;
}
