// What happens when a wallet is empty: one question to a person, and whoever needs the money waits for the answer or for
// the next day or month.

import { StaleWrite } from '../../bus/errors.ts';
import type { Stop } from '../../bus/money.ts';
import { subjects } from '../../bus/subjects.ts';
import { type Capped, periodEnd, type Span } from '../../machines/wallet.ts';
import type { Board } from '../board.ts';
import { WorkFailure } from '../duty.ts';
import type { Ports } from '../ports.ts';
import type { Call } from './entries.ts';

/** How long a person has to answer when no period ends before, ms. */
const ANSWER_MS = 24 * 3_600_000;

/** There is no money for a call now. The work is not at fault and no attempt is used up: it waits. */
export class OutOfMoney extends Error {
  override readonly name = 'OutOfMoney';
  readonly stop: Stop;
  constructor(stop: Stop) {
    super(`no money: ${shortage(stop)} (${stop.question})`);
    this.stop = stop;
  }
}

/** A lineage or a task has no money left. Waiting would not help: a person is asked what becomes of it. */
export class WalletEmpty extends WorkFailure {
  constructor(stop: Stop) {
    super({ kind: 'permanent', reason: shortage(stop) });
  }
}

/** Period of a purse, by its name. */
export function spanOf(purse: string): Span {
  const [, span] = /\.(day|month)\.[\d-]+$/.exec(purse) ?? [];
  return span === 'day' || span === 'month' ? span : 'whole';
}

const inDollars = (amount: number) => `$${amount.toFixed(2)}`;

/** What a purse is called in a sentence: `backend on 2026-01-05`, `the team of cto in 2026-01`, `T3 with all its parts`. */
export function purseInWords(purse: string): string {
  const [, kind = '', name = '', period = ''] =
    /^(\w+)(?:\.([\w-]+?))??(?:\.(?:day|month)\.([\d-]+))?$/.exec(purse) ?? [];
  const who =
    { company: 'the company', team: `the team of ${name}`, lineage: `${name} with all its parts` }[kind] ?? name;
  if (period === '') return who;
  return `${who} ${period.length > 7 ? 'on' : 'in'} ${period}`;
}

export function usedOf({ purse, used, cap }: Pick<Stop, 'purse' | 'used' | 'cap'>): string {
  return `${purseInWords(purse)} has used ${inDollars(used)} of ${inDollars(cap)}`;
}

/** Why a call was not made. */
export function shortage(stop: Stop): string {
  return `${usedOf(stop)}, and the next call may cost ${inDollars(stop.worst)}`;
}

/** The approval in which a person is asked: a task has a question of its own, which also says what becomes of it. */
export function questionOf(short: Capped, { task }: Pick<Call, 'task'>, { state }: Pick<Board, 'state'>): string {
  if (short.span === 'whole' && task) return `Q-${task.id}`;
  const stem = `Q-money-${short.name.replaceAll('.', '-')}`.slice(0, 58);
  let n = 1;
  while (state.approvals.has(`${stem}-${n}`)) n += 1;
  return `${stem}-${n}`;
}

/**
 * Asks a person once for each stop. Repeatable. A lineage or a task without money is escalated instead, and asked about with
 * everything else that is to be said of it (escalation.ts): throws WalletEmpty.
 */
export async function askForMoney({ bus, board }: Pick<Ports, 'bus' | 'board'>, stop: Stop, call: Call): Promise<void> {
  const { question, purse, raise, cap, at } = stop;
  const end = periodEnd(spanOf(purse), at);
  if (end === undefined) throw new WalletEmpty(stop);
  if (board.state.approvals.has(question)) return;
  const until = new Date(end).toISOString().slice(0, 10);
  const data = {
    id: question,
    question: `${shortage(stop)}. Raise the cap?`,
    options: [
      { key: 'raise', label: `raise it by ${inDollars(raise)} to ${inDollars(cap + raise)}` },
      { key: 'leave', label: `leave it: whoever needs more waits until ${until}` },
    ],
    askedBy: call.agent,
    blocks: call.task === undefined ? [] : [call.task.id],
    status: 'open' as const,
    askedAt: at,
    deadline: Math.min(end, at + ANSWER_MS),
  };
  const draft = { id: `approval.${question}.asked`, type: 'approval.asked' as const, source: call.agent, data };
  await bus.publish(subjects.approval(question), draft, { expectedLastSeq: 0 }).catch((error: unknown) => {
    // Somebody else who met the same stop has asked.
    if (!(error instanceof StaleWrite)) throw error;
  });
}
