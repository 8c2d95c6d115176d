// What the desk writes, and of what. Pure.

import type { Turn } from '../../bus/clock.ts';
import type { Draft } from '../../bus/messages.ts';
import type { Reservation } from '../../bus/money.ts';
import type { Task, Usage } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { type Capped, dollars, micro } from '../../machines/wallet.ts';
import type { Role } from '../../org/org.ts';
import type { Ports } from '../ports.ts';
import type { LiveBooks } from './books.ts';
import { teamsOf } from './caps.ts';

/** Something that is about to cost money. */
export type Call = {
  /** Names the question: the same after a crash. */
  readonly id: string;
  readonly agent: string;
  readonly role: Role;
  /** Name of the work (natural key of a task, id of a job), what it is about, and the task where it is one. */
  readonly work: string;
  readonly about: string;
  readonly task: Pick<Task, 'id' | 'lineage' | 'goal' | 'directive'> | undefined;
  readonly purpose: string;
  readonly model?: string | undefined;
  /** The most it can cost, US dollars. */
  readonly worst: number;
  /** The longest it can take, ms. */
  readonly longestMs: number;
  /** Waits until the work is on the stream as the caller's; throws when it is somebody else's. Money is reserved meanwhile. */
  readonly started: () => Promise<void>;
  readonly turn: Turn;
};

/** A call for which money is set aside. */
export type Held = {
  readonly id: string;
  readonly worst: number;
  readonly caps: readonly Capped[];
  readonly agent: string;
};

/** What is charged: in whole millionths, and never nothing for what has a price and does not say what it used. */
export function charged(usage: Usage | undefined, worst: number): Usage | undefined {
  if (!usage) return undefined;
  const unsaid = usage.cost === 0 && usage.inputTokens + usage.outputTokens === 0 && worst > 0;
  if (unsaid) return { ...usage, cost: dollars(worst), estimated: true };
  return { ...usage, cost: dollars(micro(usage.cost)) };
}

/** Who pays for a call. */
export function payerOf({ role, task }: Call, org: ReturnType<Ports['org']>) {
  const about = task === undefined ? {} : { lineage: task.lineage, task: task.id };
  return { role: role.name, teams: teamsOf(org, role), ...about };
}

/**
 * Sets money aside for a call, under the caps it was found to fit into.
 * @param served the task that it is about: the goal of a task is served by its review too, which no wallet of the task pays
 */
export function reservation(
  held: Held,
  call: Call,
  payer: ReturnType<typeof payerOf>,
  at: number,
  served: Pick<Task, 'goal' | 'directive'> | undefined,
): Reservation {
  const { agent, work, about, purpose, model, longestMs } = call;
  return {
    call: held.id,
    worst: dollars(held.worst),
    at,
    agent,
    ...payer,
    teams: [...payer.teams],
    work,
    about,
    ...(served?.goal === undefined ? {} : { goal: served.goal }),
    ...(served?.directive === undefined ? {} : { directive: served.directive }),
    purpose,
    ...(model === undefined ? {} : { model }),
    deadline: at + longestMs,
    caps: Object.fromEntries(held.caps.map(({ name, cap }) => [name, dollars(cap)])),
  };
}

/** What is written for a call, and for those who waited behind it. */
export function reserving(first: Reservation, also: readonly Reservation[]): Draft<'money.reserved'> {
  const data = also.length === 0 ? first : { ...first, also: [...also] };
  return { id: `money.${first.call}.reserved`, type: 'money.reserved', source: first.agent, data };
}

/** True when the open call in the books is the one that was to be written. */
export function isOurs(books: LiveBooks, { call, agent, at }: Reservation): boolean {
  const open = books.open(call);
  return open?.agent === agent && open.at === at;
}

/** Why nothing can be bought. */
export function unknown({ seq, reason }: { seq: number; reason: string }) {
  return {
    kind: 'environment',
    reason: `nobody knows what was spent: sequence ${seq} of ${subjects.money} cannot be read (${reason})`,
  } as const;
}
