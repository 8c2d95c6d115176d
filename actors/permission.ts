// Privileged acts of a task: what the gate refuses for want of a person is asked of one, once for this very act.

import { StaleWrite } from '../bus/errors.ts';
import type { PolicyCall } from '../bus/policy.ts';
import type { Approval, Product } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { isAgent, type Org } from '../org/org.ts';
import { type TaskWork, type Work, WorkFailure } from './duty.ts';
import { ANSWER_MS } from './escalation.ts';

/** What ids of these questions start with. */
const PERMIT = 'permit-';

/** The answer that sends work back to whoever did it, with what is to change. */
const REWORK = 'rework';

/** True for a question whether an act may be done. */
export function isPermit({ id }: Pick<Approval, 'id'>): boolean {
  return id.startsWith(PERMIT);
}

/** What a person is shown when they are asked: computed facts, and what agents say, kept apart. */
export type Card = Required<Pick<Approval, 'facts' | 'said'>>;

/** The person who said yes; an agent's word is no person's, and that nobody said anything is no word. */
function allowedBy(approval: Approval | undefined, org: Org): string | undefined {
  const { status, answer, by } = approval ?? {};
  if (status !== 'answered' || answer !== 'allow' || by === undefined) return undefined;
  return isAgent(org, by) ? undefined : by;
}

/**
 * Passes the gate for one act, or asks a person. Called again when they have answered. On a supervised product a person is
 * always asked.
 * @param about what exactly would be done (a commit): part of the question's id, so that an answer counts for nothing else
 * Returns undefined when the act may be done now, or what the task waits for.
 * Throws WorkFailure (`permanent`) when it may not be done.
 */
export async function permission(
  work: TaskWork,
  call: PolicyCall,
  about: string,
  { automation }: Pick<Product, 'automation'>,
  card: () => Promise<Card>,
): Promise<string | undefined> {
  const supervised = automation === 'supervised';
  const id = `${PERMIT}${work.task.id}-${call.tool}-${about}`.slice(0, 64);
  const asked = supervised || work.taint.length > 0 ? await questionOf(work, id) : undefined;
  const allowedNow = allowedBy(asked, work.org);
  const decision = await work.decide(call, allowedNow);
  const allows = decision.verdict === 'allow';
  if (allows && (!supervised || allowedNow !== undefined)) return undefined;
  if (asked?.answer === REWORK) throw new WorkFailure({ kind: 'quality', reason: sentBack(asked, work.org) });
  const refused = asked?.answer !== undefined && asked.answer !== 'allow';
  if (refused || !(allows || decision.askable)) {
    const why = refused || allows ? `${asked?.by ?? work.org.person} refused ${call.tool}` : decision.reason;
    throw new WorkFailure({ kind: 'permanent', reason: `policy: ${why}` });
  }
  await withdrawPermits(work, work.task.id, `${id} is asked instead`, id);
  if (asked === undefined) await ask(work, id, call, await card());
  return `waits for ${work.org.person} to allow ${call.tool} (${id})`;
}

/** What the next attempt reads. */
function sentBack({ by, note }: Approval, { person }: Org): string {
  return `${by ?? person} sends it back: ${note ?? 'without a word about what to change'}`;
}

/**
 * Takes back the open questions whether something of a task may be done: they are about what is no more.
 * @param why one line for whoever answers one of them all the same
 * @param keep the question that stands
 */
export async function withdrawPermits(
  { bus, board, agent }: Pick<Work, 'bus' | 'board' | 'agent'>,
  task: string,
  why: string,
  keep?: string,
): Promise<void> {
  const open = [...board.state.approvals.values()].filter(
    (one) =>
      one.task === task && isPermit(one) && one.id !== keep && one.status !== 'withdrawn' && one.answer === undefined,
  );
  for (const { id } of open) {
    const subject = subjects.approval(id);
    const last = await bus.last(subject);
    const { message } = last ?? {};
    if (!last || (message?.type !== 'approval.asked' && message?.type !== 'approval.expired')) continue;
    if (message.data.answer !== undefined) continue;
    const draft = {
      id: `approval.${id}.withdrawn`,
      type: 'approval.withdrawn' as const,
      source: agent,
      data: { ...message.data, status: 'withdrawn' as const, note: why },
      correlationid: message.correlationid,
      causationid: message.id,
    };
    try {
      await bus.publish<'approval.withdrawn'>(subject, draft, { expectedLastSeq: last.seq });
    } catch (error) {
      // Answered in this very moment: the answer is about what it says, and counts for nothing else.
      if (!(error instanceof StaleWrite)) throw error;
    }
  }
}

/** Passes the gate for an act that no person is asked about. Throws WorkFailure (`permanent`) when it may not be done. */
export async function allowed(work: Work, call: PolicyCall): Promise<void> {
  const decision = await work.decide(call);
  if (decision.verdict === 'deny') throw new WorkFailure({ kind: 'permanent', reason: `policy: ${decision.reason}` });
}

/** What became of the question; what is said of another one counts for nothing, also on the subject of this one. */
async function questionOf({ bus }: TaskWork, id: string): Promise<Approval | undefined> {
  const { message } = (await bus.last(subjects.approval(id))) ?? {};
  if (
    message?.type !== 'approval.asked' &&
    message?.type !== 'approval.answered' &&
    message?.type !== 'approval.expired'
  )
    return undefined;
  return message.data.id === id ? message.data : undefined;
}

async function ask(work: TaskWork, id: string, { tool, summary }: PolicyCall, card: Card): Promise<void> {
  const { task, turn, agent, taint } = work;
  const askedAt = turn.now();
  const outside = taint.length === 0 ? '' : `${task.id} has read text from outside (${taint.join(', ')}). `;
  await work.publish<'approval.asked'>(subjects.approval(id), {
    id: `approval.${id}.asked`,
    type: 'approval.asked',
    data: {
      id,
      question: outside === '' ? `May ${task.id} ${tool} ${summary}?` : `${outside}May it ${tool}: ${summary}?`,
      options: [
        { key: 'allow', label: `allow it to ${tool}` },
        ...(tool === 'merge' ? [{ key: REWORK, label: 'send it back; --note says what to change' }] : []),
        { key: 'refuse', label: 'refuse it: the task is given up' },
      ],
      askedBy: agent,
      task: task.id,
      blocks: [task.id, ...task.dependents],
      status: 'open',
      askedAt,
      deadline: askedAt + ANSWER_MS,
      ...card,
    },
  });
}
