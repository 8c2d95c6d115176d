// What was still open at some point of a company's history, told from its messages alone: no stream remembers where its
// durables were. In doubt a message counts as open, for whoever gets it finds what is recorded and does nothing twice.

import type { Stored } from '../bus/bus.ts';
import { compileFilters } from '../bus/filters.ts';
import type { DurablePosition } from '../bus/import.ts';
import { isTaskMessage, type Message } from '../bus/messages.ts';
import type { Job, Pull, Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { jobId } from './job-id.ts';

/** How long a tick may take to reach somebody who is free, in ms of the company's clock. */
const SEEN_MS = 60_000;

type Known = {
  /** With who recorded it last, and where. */
  readonly tasks: Map<string, { task: Task; by: string; seq: number }>;
  readonly jobs: Map<string, Job>;
  readonly pulls: Map<number, Pull>;
  /** The last assignment of each task, the last tick of each duty. */
  readonly assigned: Map<string, number>;
  readonly ticked: Map<string, number>;
  /** When each agent was last seen without work, and who is so at the end. */
  readonly idle: Map<string, number>;
  readonly free: Map<string, { role: string; free: boolean }>;
  /** What the company was doing at the end, and when that was. */
  state: string;
  now: number;
  readonly answered: Set<string>;
  /** `<durable> <seq>` of what was given up on. */
  readonly dead: Set<string>;
};

function fold(history: readonly Stored[]): Known {
  const known: Known = {
    tasks: new Map(),
    jobs: new Map(),
    pulls: new Map(),
    assigned: new Map(),
    ticked: new Map(),
    idle: new Map(),
    free: new Map(),
    state: 'starting',
    now: 0,
    answered: new Set(),
    dead: new Set(),
  };
  for (const { seq, message } of history) note(known, seq, message);
  return known;
}

function note(known: Known, seq: number, message: Message): void {
  known.now = Math.max(known.now, Date.parse(message.time));
  if (isTaskMessage(message)) {
    const { task } = message.data;
    known.tasks.set(task.id, { task, by: message.source, seq });
  } else if ('job' in message.data) known.jobs.set(message.data.job.id, message.data.job);
  else if (message.type.startsWith('pull.')) {
    const pull = message.data as Pull;
    known.pulls.set(pull.number, pull);
  } else if (message.type === 'assignment.given') known.assigned.set(message.data.task, seq);
  else if (message.type === 'clock.ticked') known.ticked.set(message.data.duty, seq);
  else if (message.type === 'agent.changed') {
    const { agent, role, state } = message.data;
    if (state === 'idle') known.idle.set(agent, seq);
    known.free.set(agent, { role, free: state === 'idle' });
  } else if (message.type === 'control.changed') {
    if (message.data.scope === 'company') known.state = message.data.state;
  } else if (message.type === 'request.answered') known.answered.add(message.data.id);
  else if (message.type === 'dead.lettered') known.dead.add(`${message.data.consumer} ${message.data.seq}`);
}

function assignmentOpen(known: Known, seq: number, role: string, id: string): boolean {
  if (known.assigned.get(id) !== seq) return false;
  const last = known.tasks.get(id);
  if (!last) return true;
  const { task, by } = last;
  if (task.role !== role || task.status === 'abandoned' || task.status === 'blocked') return false;
  if (task.status === 'ready' || task.status === 'working' || task.status === 'retrying') return true;
  if (task.status === 'waiting' && seq > last.seq) return true;
  // Recorded as ended or waiting; what follows from that is done once its agent has nothing in hand.
  return (known.idle.get(by) ?? 0) < last.seq;
}

function reviewOpen({ pulls }: Known, { data }: Message<'review.requested'>): boolean {
  const pull = pulls.get(data.pull);
  if (!pull) return true;
  return pull.status === 'open' && pull.head === data.head && !pull.reviews.some(({ head }) => head === data.head);
}

/** A tick that led to nothing leaves no trace. One that somebody free must have seen by now is over. */
function tickOpen(known: Known, durable: string, seq: number, { data, time }: Message<'clock.ticked'>): boolean {
  if (known.ticked.get(data.duty) !== seq) return false;
  const seen = [...known.free.values()].some(({ role, free }) => free && durable.startsWith(`${role}-`));
  return known.state !== 'running' || !seen || known.now - Date.parse(time) < SEEN_MS;
}

function isOpen(known: Known, durable: string, { seq, subject, message }: Stored): boolean {
  if (known.dead.has(`${durable} ${seq}`)) return false;
  if (message.type === 'assignment.given') {
    return assignmentOpen(known, seq, subject.slice(subjects.tasksFor('').length), message.data.task);
  }
  const job = known.jobs.get(jobId(message.id));
  if (job) return job.status !== 'done' && job.status !== 'escalated';
  switch (message.type) {
    case 'clock.ticked':
      return tickOpen(known, durable, seq, message);
    case 'review.requested':
      return reviewOpen(known, message);
    case 'knowledge.requested':
      return !known.answered.has(message.data.id);
    case 'hr.requested': {
      const task = message.data.task === undefined ? undefined : known.tasks.get(message.data.task)?.task;
      return task === undefined || task.status === 'escalated';
    }
    default:
      return true;
  }
}

/**
 * Where durables were after the last message of a history.
 * @param durables their names and what they listen to
 */
export function positionsAfter(
  history: readonly Stored[],
  durables: readonly { readonly durable: string; readonly filters: readonly string[] }[],
): DurablePosition[] {
  const known = fold(history);
  const last = history.at(-1)?.seq ?? 0;
  return durables.map(({ durable, filters }) => {
    const matching = compileFilters(filters);
    const mail = history.filter(({ subject }) => matching(subject));
    const first = mail.find((stored) => isOpen(known, durable, stored));
    if (!first) return { durable, filters, floor: last };
    const settled = mail.filter((stored) => stored.seq > first.seq && !isOpen(known, durable, stored));
    return { durable, filters, floor: first.seq - 1, settled: settled.map(({ seq }) => seq) };
  });
}
