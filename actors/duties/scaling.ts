// More hands, or fewer, or a task in other hands: what HR proposes (proposals.ts) is asked, or done where org.yaml lets HR
// decide. A change of the org chart goes the way of `headcount org apply`: on `control.org`, followed by every process.

import { createHash } from 'node:crypto';
import { StaleWrite } from '../../bus/errors.ts';
import type { Approval } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { overlayOrg } from '../../org/overlay.ts';
import type { JobWork } from '../duty.ts';
import { giveTo, lastOfTask, taskIn } from '../release.ts';
import { afresh } from './handover.ts';
import {
  agendaOf,
  changeIn,
  keyOf,
  type Move,
  type Proposal,
  refuseChange,
  type Sizing,
  staffingId,
  wordsOf,
} from './proposals.ts';

/** How long a person has to answer, in ms. */
const ANSWER_MS = 24 * 3_600_000;

/** Makes the changes that org.yaml lets HR decide about, and proposes the most pressing of the others to the person. */
export async function scale(work: JobWork): Promise<void> {
  const { org, board, turn, message, agent } = work;
  const { agenda, askedAt } = await work.step('look', async () => ({
    agenda: agendaOf(org, board, turn.now()),
    askedAt: turn.now(),
  }));
  for (const proposal of agenda.own) await make(work, proposal, agent);
  const { ask: proposal } = agenda;
  if (proposal === null) return;
  const id = staffingId(message.type === 'clock.ticked' ? message.data.slot : askedAt);
  await work.publish<'approval.asked'>(subjects.approval(id), {
    id: `approval.${id}.asked`,
    type: 'approval.asked',
    data: {
      id,
      question: `HR proposes ${wordsOf(proposal)}: ${proposal.why}.`,
      options: [
        { key: keyOf(proposal), label: wordsOf(proposal) },
        { key: 'leave', label: 'leave it as it is', recommended: true },
      ],
      askedBy: agent,
      blocks: [],
      status: 'open',
      askedAt,
      deadline: askedAt + ANSWER_MS,
    },
  });
}

/** Does what a person answered to a proposal, if it can still be done. */
export async function onStaffing(work: JobWork, { answer = '', by }: Approval): Promise<void> {
  const change = changeIn(answer);
  if (change) await make(work, { ...change, why: 'a person decided so' }, by ?? work.org.person);
}

/** Makes a change and reports it, or why it could not be made. */
async function make(work: JobWork, proposal: Proposal, by: string): Promise<void> {
  const { refused } = await work.step(keyOf(proposal), async () => ({
    refused: (proposal.kind === 'reassign' ? await move(work, proposal) : await size(work, proposal, by)) ?? null,
  }));
  if (refused === null && proposal.kind === 'reassign') {
    const lineage = work.board.task(proposal.task)?.lineage ?? proposal.task;
    const given = { id: proposal.task, role: proposal.role, lineage };
    // What is moved has not been moved before.
    await giveTo(work.bus, given, 'reassigned.1', { source: work.agent, why: 'reassigned' });
  }
  const id = `staffing.${keyOf(proposal)}.${work.message.id}`;
  const change = wordsOf(proposal);
  await work.publish<'report.filed'>(subjects.reports, {
    id,
    type: 'report.filed',
    data: {
      id,
      kind: 'staffing',
      by: work.agent,
      role: work.role.name,
      ...(proposal.kind === 'reassign' ? { task: proposal.task } : {}),
      status: 'info',
      summary: refused === null ? `${change}: ${proposal.why}` : `not done: ${change}; ${refused}`,
      cost: 0,
    },
  });
}

/** Writes the task for its new role. Gives why not; undefined when it is moved. */
async function move(work: JobWork, change: Move): Promise<string | undefined> {
  const last = await lastOfTask(work.bus, change.task);
  // Written by this job before a crash.
  if (last?.message.causationid === work.message.id) return undefined;
  const task = taskIn(last);
  const refused = refuseChange(change, work.org, work.board, task);
  if (refused !== undefined || !last || !task) return refused ?? `there is no ${change.task}`;
  const reason = `${task.role} has too much to do`;
  const next = afresh(task, { role: change.role, why: 'reassigned', reason }, work.turn.now());
  const draft = {
    id: `task.${task.id}.reassigned.${next.reassigned}.state`,
    type: 'task.reassigned' as const,
    source: work.agent,
    data: { task: next, note: reason },
    correlationid: task.lineage,
    causationid: work.message.id,
  };
  return refusedWhenLate(`${task.id} has been begun meanwhile`, () =>
    work.bus.publish<'task.reassigned'>(subjects.task(task.id), draft, { expectedLastSeq: last.seq }),
  );
}

/** Puts the org chart with that many agents in force. Gives why not; undefined when it is so. */
async function size(work: JobWork, change: Sizing, by: string): Promise<string | undefined> {
  const { bus, org, board, message } = work;
  const last = await bus.last(subjects.org);
  if (last?.message.type !== 'org.changed') return 'the stream has no org chart; change the org file by hand';
  const summary = wordsOf(change);
  // Written by this job before a crash.
  if (last.message.causationid === message.id && last.message.data.summary.includes(summary)) return undefined;
  const refused = refuseChange(change, org, board, undefined);
  if (refused !== undefined) return refused;
  const text = overlayOrg(last.message.data.text, { roles: { [change.role]: { instances: change.instances } } });
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const draft = {
    id: `org.${last.seq}.${digest}`,
    type: 'org.changed' as const,
    source: 'hr',
    data: { by, text, summary: [summary] },
    causationid: message.id,
  };
  return refusedWhenLate('somebody else changed the org chart at this moment', () =>
    bus.publish<'org.changed'>(subjects.org, draft, { expectedLastSeq: last.seq }),
  );
}

async function refusedWhenLate(why: string, write: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    if (error instanceof StaleWrite) return why;
    throw error;
  }
}
