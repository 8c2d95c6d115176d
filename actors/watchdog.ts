// What somebody must look at now and then, without a model: work that nobody can do, questions that nobody answered in
// time, tasks that this version cannot read. A company without any publishes nothing; with any number of processes each is
// said once.

import { reasonOf, StaleWrite } from '../bus/errors.ts';
import type { Approval } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { deadlocks } from './deadlock.ts';
import type { Ports } from './ports.ts';
import { askAboutUnreadable } from './quarantine.ts';

/** How often, ms of the company's clock. */
const LOOK_MS = 5 * 60_000;

/** In front of the reason of every blocker raised here. */
const DEADLOCK = 'deadlock: ';

type Watching = Pick<Ports, 'bus' | 'clock' | 'board' | 'company' | 'org' | 'log'>;

/** Looks until the signal is aborted; rejects with its reason. */
export async function keepWatch(ports: Watching, signal: AbortSignal): Promise<never> {
  const { clock, log } = ports;
  const looks = { 'tasks to ask about': askAboutUnreadable, 'late answers': expireQuestions };
  const lookFor = (what: string, look: (ports: Watching) => Promise<void>) =>
    look(ports).catch((error: unknown) => log('warn', `no look for ${what}: ${reasonOf(error)}`));
  for (;;) {
    for (const [what, look] of Object.entries(looks)) await lookFor(what, look);
    await clock.sleepUntil(clock.now() + LOOK_MS, signal);
    await lookFor('deadlocks', lookForDeadlocks);
  }
}

async function lookForDeadlocks({ bus, clock, board, company, org }: Watching): Promise<void> {
  const { blockers } = company.get();
  const found = new Map(deadlocks(board.state, org(), clock.now()).map((one) => [one.task, one]));
  const slot = Math.floor(clock.now() / LOOK_MS);
  const say = (task: string, status: 'raised' | 'cleared', reason: string) =>
    bus.publish(subjects.brain('blocker'), {
      id: `brain.blocker.${task}.deadlock.${slot}.${status}`,
      type: 'brain.blocker',
      source: 'supervisor',
      data: { task, reason, status },
    });
  for (const { task, reason, next } of found.values()) {
    if (blockers[task] === undefined) await say(task, 'raised', `${DEADLOCK}${reason}; ${next}`);
  }
  for (const [task, reason] of Object.entries(blockers)) {
    if (reason.startsWith(DEADLOCK) && !found.has(task)) await say(task, 'cleared', 'it can go on');
  }
}

/** Open questions past their deadline: the option that whoever asked recommends holds; without one it stays to be answered. */
async function expireQuestions({ bus, clock, board }: Watching): Promise<void> {
  const now = clock.now();
  for (const { id, status, deadline } of board.state.approvals.values()) {
    if (status !== 'open' || deadline >= now) continue;
    const last = await bus.last(subjects.approval(id));
    if (last?.message.type !== 'approval.asked' || last.message.data.deadline >= now) continue;
    const asked = last.message;
    const best = asked.data.options.find((option) => option.recommended);
    const data: Approval = { ...asked.data, status: 'expired' };
    const draft = {
      id: `${asked.id}.expired`,
      type: 'approval.expired' as const,
      source: 'supervisor',
      data: best === undefined ? data : { ...data, answer: best.key, by: 'nobody' },
      correlationid: asked.correlationid,
      causationid: asked.id,
    };
    try {
      await bus.publish<'approval.expired'>(subjects.approval(id), draft, { expectedLastSeq: last.seq });
    } catch (error) {
      // Answered, or expired by another process, in this very moment.
      if (!(error instanceof StaleWrite)) throw error;
    }
  }
}
