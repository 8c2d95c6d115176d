// What is said of money. What takes money goes on one subject (`money.calls`), so that whoever reserves has seen every
// reservation before, whichever wallet it was for. What gives it back goes on another (`money.ends`) and waits for nobody. Amounts are US dollars, whole millionths of them; instants are epoch ms.

import { z } from 'zod';
import { Token, Usage } from './records.ts';

/** A purse is a wallet in one period: `role.backend.day.2026-01-05`, `company.month.2026-01`, `lineage.T3`. */
const PurseName = z.string().min(1).max(160);

/** The most that one call can cost, set aside before it is made. */
export const Reservation = z.strictObject({
  /** The question and its try: a question that is asked again after a crash is another call. */
  call: z.string(),
  worst: z.number().min(0),
  /** Decides in which day and month it counts, also when it is settled later. */
  at: z.number(),
  role: Token,
  agent: z.string(),
  /** Whose team it belongs to: the role itself where it has reports, its boss, and so on upwards. */
  teams: z.array(Token),
  /** Name of the work: the natural key of a task, the id of a job; and what it is about. */
  work: z.string(),
  about: z.string(),
  task: Token.optional(),
  lineage: Token.optional(),
  goal: z.string().optional(),
  directive: z.string().optional(),
  purpose: z.string(),
  model: z.string().optional(),
  /** By when it should be settled. Later it counts as spent, all of it: nobody knows what became of it. */
  deadline: z.number(),
  /** The caps that it was found to fit under, by purse. */
  caps: z.record(PurseName, z.number()),
});
export type Reservation = z.infer<typeof Reservation>;

/** A reservation, and those of others who waited while the stream took the write before: all are set aside, or none. */
export const Reserved = Reservation.extend({ also: z.array(Reservation).optional() });

/** Every call for which money was set aside in one write. */
export function reservationsIn(data: z.infer<typeof Reserved>): readonly Reservation[] {
  if (data.also === undefined) return [data];
  const { also, ...first } = data;
  return [first, ...also];
}

/** What a call cost. */
export const Settlement = z.strictObject({
  call: z.string(),
  cost: z.number().min(0),
  /** Absent: it ended without saying, and its worst case was charged. */
  usage: Usage.optional(),
});
export type Settlement = z.infer<typeof Settlement>;

/** A call that cost nothing: the provider refused it, or nobody made it. */
export const Refund = z.strictObject({ call: z.string(), reason: z.string() });
export type Refund = z.infer<typeof Refund>;

/** A purse is nearly empty. Said once. */
export const Warning = z.strictObject({ purse: PurseName, used: z.number(), cap: z.number() });
export type Warning = z.infer<typeof Warning>;

/** A call did not fit into a purse. Said once, until its question is answered. */
export const Stop = z.strictObject({
  purse: PurseName,
  at: z.number(),
  used: z.number(),
  cap: z.number(),
  /** What the call would have cost at worst. */
  worst: z.number(),
  /** The approval in which a person is asked, and by how much the cap is raised if they say so. */
  question: Token,
  raise: z.number().positive(),
});
export type Stop = z.infer<typeof Stop>;

/** A person raised the cap of a purse. */
export const Raise = z.strictObject({
  purse: PurseName,
  amount: z.number().positive(),
  question: Token,
  by: z.string(),
});
export type Raise = z.infer<typeof Raise>;
