// I5, I7, I8, I9, I12, I19: what holds of a task with every event of its own.

import { isTaskMessage, type MessageType, type TaskMessage } from '../bus/messages.ts';
import type { Evidence, Job, Task } from '../bus/records.ts';
import type { Case, Check } from './judge.ts';
import { hasEnded, type Ledger, type TaskTold } from './ledger.ts';
import { moves } from './moves.ts';
import { skewOf } from './rules.ts';

/** A task's event in hand, with the task as it was. */
type Event = Case & { readonly message: TaskMessage; readonly task: Task; readonly before: TaskTold | undefined };

const types = Object.keys(moves) as TaskMessage['type'][];

function ended({ task, before, message, judge }: Event): void {
  if (!before) return;
  judge('I5', !hasEnded(before.is), () =>
    message.type === 'task.completed' && before.is.status === 'done'
      ? `${task.id} was completed already (${before.id})`
      : `${message.id} comes after ${task.id} was ${before.is.status} (${before.id})`,
  );
}

function moved({ task, before, message, ledger, judge }: Event): void {
  // Said by I5; what a second life of a task does need not be said move by move.
  if (before && hasEnded(before.is)) return;
  const move = moves[message.type];
  const from = before?.is.status ?? 'none';
  const to = move.to === 'same' ? [from] : move.to;
  judge('I8', move.from.includes(from) && to.includes(task.status), () => {
    return `${task.id} went from ${from} to ${task.status} with ${message.type}`;
  });
  judge('I8', move.phases?.includes(task.phase) ?? true, () => `${task.id} is ${task.phase} after ${message.type}`);
  judge('I8', move.attempts.includes((task.attempt - (before?.is.attempt ?? 0)) as 0 | 1), () => {
    return `${task.id} went from attempt ${before?.is.attempt ?? 0} to ${task.attempt} with ${message.type}`;
  });
  const again = message.type === 'task.created' && before !== undefined;
  judge('I8', !again || before?.type === 'task.created', () => `${task.id} was created again after ${before?.id}`);
  judge('I8', (ledger.keys.get(task.key) ?? task.id) === task.id, () => {
    return `${task.key} is ${ledger.keys.get(task.key)} already, and now ${task.id} too`;
  });
  judge('I8', !before || isSame(before.is, task), () => `${task.id} is about something else since ${message.id}`);
}

/** A back-off is as long after a crash as before it: whoever goes on with the task knows the instant from its record. */
function rested({ task, before, message, ledger, rules, at, judge }: Event): void {
  const dueAt = before?.type === 'task.failed' && before.is.phase === 'backing-off' ? before.is.dueAt : undefined;
  if (dueAt === undefined || (message.type !== 'task.started' && message.type !== 'task.stepped')) return;
  judge('I8', at >= dueAt - skewOf(rules, ledger), () => {
    return `${task.id} was to wait for ${new Date(dueAt).toISOString()}, and ${message.source} went on at ${message.time}`;
  });
}

/** What a task is about never changes. */
function isSame(before: Task, now: Task): boolean {
  return (
    before.key === now.key &&
    before.parent === now.parent &&
    before.lineage === now.lineage &&
    before.depth === now.depth &&
    before.createdAt === now.createdAt
  );
}

function owned({ task, judge }: Event): void {
  if (hasEnded(task)) return;
  const wrong = ownerless(task);
  judge('I7', wrong === undefined, () => `${task.id} is ${task.status} ${wrong ?? ''}`);
  judge('I7', Number.isFinite(task.deadline) && task.deadline >= task.createdAt, () => `${task.id} has no deadline`);
}

function ownerless(task: Task): string | undefined {
  const { status, agent, reason, dependsOn, phase, dueAt } = task;
  const why = reason !== undefined && reason !== '';
  switch (status) {
    case 'working':
      return agent === undefined ? 'in nobody’s hands' : undefined;
    case 'retrying':
      if (!why) return 'without a reason';
      return dueAt === undefined && phase === 'backing-off' ? 'without an instant to go on' : undefined;
    case 'blocked':
      return dependsOn.length === 0 || !why ? 'by nothing' : undefined;
    case 'waiting':
    case 'escalated':
      return why ? undefined : 'without a reason';
    default:
      return undefined;
  }
}

function fenced({ task, before, message, ledger, judge }: Event): void {
  const { causationid } = message;
  if (before && causationid?.startsWith(`task.${task.id}.`) && ledger.ids.has(causationid)) {
    judge('I9', causationid === before.id, () => {
      return `${message.id} by ${message.source} follows ${causationid}, but ${before.id} had come between`;
    });
  }
  if (message.type !== 'task.started') return;
  const { agent = '' } = task;
  judge('I9', agent === message.source, () => `${message.source} started ${task.id} for ${agent || 'nobody'}`);
  judge('I9', !task.avoid.includes(agent), () => `${agent} has ${task.id} again, and must not`);
}

function part({ task, before, ledger, judge }: Event): void {
  if (before) return;
  const parent = task.parent === undefined ? undefined : ledger.tasks.get(task.parent)?.is;
  judge('I19', task.parent === undefined || parent !== undefined, () => {
    return `${task.id} is a part of ${task.parent}, which does not exist`;
  });
  const inLineage = parent
    ? task.lineage === parent.lineage && task.depth === parent.depth + 1
    : task.lineage === task.id;
  judge('I17', inLineage && (parent !== undefined || task.depth === 0), () => {
    return `${task.id} at depth ${task.depth} draws on the budget of ${task.lineage}`;
  });
}

function proven({ task, message, rules, ledger, judge }: Event): void {
  if (message.type !== 'task.completed') return;
  const needs = task.children.length > 0 ? (['children'] as const) : (rules.needs?.[task.type] ?? []);
  const good = task.evidence.filter(({ ok }) => ok);
  const missing = needs.filter((check) => !good.some((one) => one.check === check));
  judge('I12', good.length > 0 && missing.length === 0, () => {
    return `${task.id} is done without evidence of ${missing.join(', ') || 'anything'}`;
  });
  for (const one of task.evidence) judgeEvidence(one, task, ledger, judge);
}

function judgeEvidence(one: Evidence, task: Task, ledger: Ledger, judge: Case['judge']): void {
  judge('I12', one.ok, () => `${task.id} is done although ${one.check} failed: ${one.detail}`);
  const author = ledger.pulls.get(task.pull ?? 0)?.is.author ?? task.agent;
  judge('I12', one.by !== author && one.by !== task.agent, () => `${one.by} says "${one.check}" of its own ${task.id}`);
  judge('I12', one.commit === undefined || one.commit === task.commit, () => {
    return `evidence "${one.check}" of ${task.id} is about ${one.commit}, not about ${task.commit}`;
  });
}

const jobTypes: readonly MessageType[] = ['job.started', 'job.stepped', 'job.failed', 'job.done'];

/** A job starts nothing after its end; which agent has it may change. */
const jobs: Check = {
  types: jobTypes,
  look({ stored: { message }, ledger, judge }) {
    if (!('job' in message.data)) return;
    const job: Job = message.data.job;
    const before = ledger.jobs.get(job.id);
    judge('I8', before?.is.status !== 'done', () => `${message.id} comes after ${job.id} was done (${before?.id})`);
    judge('I8', !before || before.is.duty === job.duty, () => `${job.id} was ${before?.is.duty}, and is ${job.duty}`);
  },
};

const ofOneTask = [ended, moved, rested, owned, fenced, part, proven];

const tasks: Check = {
  types,
  look(given) {
    const { stored, ledger } = given;
    const { message, subject } = stored;
    // Where what came before it cannot be read, nothing can be compared with it.
    if (!isTaskMessage(message) || ledger.unreadable.has(subject)) return;
    const { task } = message.data;
    const { rules, at, judge } = given;
    // Spelled out: a copy of `given` with fields added behind it costs more than all the checks (decision 103).
    const event = { stored, ledger, rules, at, judge, message, task, before: ledger.tasks.get(task.id) };
    for (const check of ofOneTask) check(event);
  },
};

export function taskChecks(): readonly Check[] {
  return [tasks, jobs];
}
