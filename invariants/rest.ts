// I4, I7, I18 while nothing is in flight: every open task can go on, and somebody will see to it.

import type { Task } from '../bus/records.ts';
import type { JudgeThing } from './judge.ts';
import { hasEnded, type Ledger, type TaskTold } from './ledger.ts';
import { GRACE_MS, type Rules } from './rules.ts';

type Look = {
  readonly ledger: Ledger;
  readonly now: number;
  readonly judge: JudgeThing;
  /** True for something that happened too long ago to be still under way. */
  readonly settled: (at: number) => boolean;
};

/**
 * Judges every open task. A company that does not take work (paused, stopped) may leave things lying from then on; what it had
 * lost before is lost.
 * @param at epoch ms
 */
export function restChecks(ledger: Ledger, rules: Rules, at: number, judge: JudgeThing): void {
  const { company, ran } = ledger;
  const stands = company !== undefined && company.state !== 'running';
  const now = stands ? ran?.until : at;
  if (now === undefined) return;
  const grace = rules.graceMs ?? GRACE_MS;
  const settled = (since: number) => now - Math.max(since, ran?.from ?? since) > grace;
  const look = { ledger, now, judge, settled };
  for (const id of ledger.open) {
    const told = ledger.tasks.get(id);
    if (!told || ledger.unreadable.has(`task.${id}`)) continue;
    const thing = (detail: () => string) => ({ seq: told.seq, subject: `task.${id}`, detail });
    const lost = lostness(look, told);
    judge(
      'I4',
      lost === undefined,
      thing(() => `${id} is lost: ${lost}`),
    );
    // Who works on what is known of now, and not of when it stopped.
    if (!stands) {
      judge(
        'I7',
        !isForgotten(look, told),
        thing(() => `${id} is late, and nobody works on it`),
      );
    }
    if (told.is.status !== 'escalated') continue;
    judge(
      'I18',
      !settled(told.at) || isWithSomebody(look, told),
      thing(() => `${id} is escalated to nobody`),
    );
  }
}

/** Why a task cannot go on by itself, though nothing keeps it. */
function lostness(look: Look, told: TaskTold): string | undefined {
  const { ledger, settled } = look;
  const { is: task, seq, at } = told;
  switch (task.status) {
    case 'ready':
      if (!settled(at) || (ledger.assigned.get(task.id)?.seq ?? 0) > seq) return undefined;
      return 'it is ready, and in no mailbox';
    case 'blocked':
      return endedSince(look, told, task.dependsOn) ? `${task.dependsOn.join(', ')} have ended` : undefined;
    case 'waiting':
      if (task.children.length > 0) {
        return endedSince(look, told, task.children) ? `its parts have ended, and nobody woke it` : undefined;
      }
      if (isAsked(ledger, task)) return undefined;
      return reviewedSince(look, told) ? `pull ${task.pull} is reviewed, and nobody woke it` : undefined;
    default:
      return undefined;
  }
}

/** A person is asked about it, and has not answered. */
function isAsked(ledger: Ledger, task: Task): boolean {
  const question = ledger.approvals.get(ledger.questions.get(task.id) ?? '');
  return question !== undefined && question.is.answer === undefined;
}

/** All of them ended long ago, and the task heard nothing of it. */
function endedSince({ ledger, settled }: Look, { is: task, seq, at }: TaskTold, ids: readonly string[]): boolean {
  let last = { seq, at };
  for (const id of ids) {
    const other = ledger.tasks.get(id);
    if (!other || !hasEnded(other.is)) return false;
    if (other.at > last.at) last = other;
  }
  return settled(last.at) && (ledger.assigned.get(task.id)?.seq ?? 0) < last.seq;
}

function reviewedSince({ ledger, settled }: Look, { is: task, seq }: TaskTold): boolean {
  const pull = ledger.pulls.get(task.pull ?? 0);
  if (pull?.is.status !== 'open' || !pull.is.reviews.some(({ head }) => head === pull.is.head)) return false;
  return settled(pull.at) && (ledger.assigned.get(task.id)?.seq ?? 0) < Math.max(pull.seq, seq);
}

/** Past its deadline, without a reason of its own, and no agent that is at work has it. */
function isForgotten({ ledger, now, settled }: Look, { is: task, at }: TaskTold): boolean {
  if (now <= task.deadline || !settled(Math.max(at, task.dueAt ?? at))) return false;
  if (task.status === 'ready') return idleSince(ledger, task, settled);
  if (task.status !== 'working' && task.status !== 'retrying') return false;
  for (const { task: having, state } of ledger.agents.values()) {
    if (having === task.id && !resting.includes(state)) return false;
  }
  return true;
}

const resting = ['idle', 'gone', 'crashed'];

/** Somebody who could have it has been idle all the time. */
function idleSince(ledger: Ledger, task: Task, settled: (at: number) => boolean): boolean {
  const given = ledger.assigned.get(task.id)?.at ?? 0;
  for (const { role, agent, state, since } of ledger.agents.values()) {
    if (role === task.role && !task.avoid.includes(agent) && state === 'idle' && since > given && settled(since))
      return true;
  }
  return false;
}

/** With whoever staffs the company, who has not answered yet, or with a person. */
function isWithSomebody({ ledger, settled }: Look, { is: task, seq }: TaskTold): boolean {
  const question = ledger.approvals.get(ledger.questions.get(task.id) ?? '');
  // Expired without an answer: it is still wanted.
  if (question && (question.is.answer === undefined || !settled(question.at))) return true;
  const request = ledger.staffing.get(task.id);
  if (!request || request.seq < seq) return false;
  const answer = ledger.answers.get(request.id);
  return answer === undefined ? !ledger.dead.has(request.seq) : !settled(answer.at);
}
