// One assignment in hand: the chart says what is next, this does it, with everything that counts recorded first.
//
// Invariants:
//   T1. The chart decides. What it decided is on the task's subject before it is carried out; money may be set aside meanwhile.
//   T2. Everything done here can be done again: steps are recorded, message ids derive from the task and the attempt.
//   T3. `done` needs the evidence that the duty demands; the worker cannot write it.

import type { Stop } from '../bus/money.ts';
import type { Evidence, Failure, Phase, Task } from '../bus/records.ts';
import type { AgentCommand, AgentEvent, WorkView } from '../machines/agent.ts';
import type { Role } from '../org/org.ts';
import { affordable } from './budget.ts';
import { complete } from './completion.ts';
import { failureIn, type TaskWork, WorkFailure } from './duty.ts';
import { escalateHeld } from './escalation.ts';
import { consult, decompose, delegate, recall } from './help.ts';
import { lessonsFor, unlearn } from './lessons.ts';
import { OutOfMoney, shortage } from './money/asking.ts';
import { canWait, waitForMoney } from './money/parking.ts';
import { taskNow, wakeParent } from './release.ts';
import { PARK_MS, type TaskTurn, taskWorkOf } from './task-work.ts';
import { worked } from './working-time.ts';

function viewOf(task: Task, role: Role, canAfford: boolean, splits: boolean): WorkView {
  return {
    id: task.id,
    phase: task.phase,
    attempt: Math.max(1, task.attempt),
    rung: task.rung,
    waits: task.waits,
    excused: task.excused ?? 0,
    // Who may not split work by itself hands it up instead.
    depthLeft: splits ? role.policy.depth - task.depth : 0,
    affordable: canAfford,
  };
}

/** Gives the task to the chart and does what it asks. */
export async function runTask(t: TaskTurn): Promise<void> {
  const { agent, role, journal, ports } = t;
  // Somebody else began the attempt and is gone, or hangs: whoever goes on with it is who has it.
  if (journal.task.phase === 'executing') journal.note({ agent: agent.name });
  const work = taskWorkOf(t);
  const canAfford = affordable(ports.board, journal.task, role.policy, t.turn.now());
  // What it waited for has come: from here on it is worked on again.
  if (journal.task.status === 'waiting') journal.note({ workingSince: t.turn.now() });
  agent.send(
    { type: 'ASSIGN', work: viewOf(journal.task, role, canAfford, work.standing.splits) },
    { task: journal.task.id },
  );
  try {
    await follow(t, work);
  } finally {
    // A turn that ends leaves nothing under way.
    await journal.started().catch(() => {});
  }
}

/** Does what the chart asks, until it asks nothing more; then settles the delivery, unless it was put back or something goes on beside. */
async function follow(t: TaskTurn, work: TaskWork): Promise<void> {
  const { agent, role, journal, ports } = t;
  let met: Met | undefined;
  let model: string | undefined;
  let stop: Stop | undefined;
  for (let command = agent.next(); command; command = agent.next()) {
    const event = await perform(t, work, command, met, stop).catch((error: unknown): AgentEvent => {
      t.signal.throwIfAborted();
      if (error instanceof OutOfMoney && canWait(command)) {
        stop = error.stop;
        return { type: 'UNFUNDED' };
      }
      const known = failureIn(error, ports.secrets);
      // Nothing is left to try when giving up fails: that is a crash, and those are counted.
      if (!known || command.type === 'escalate') throw error;
      journal.charge(known.usage);
      model = known.usage?.model;
      return {
        type: 'FAILED',
        failure: ofNow(known.failure, t.turn.now()),
        affordable: affordable(ports.board, journal.task, role.policy, t.turn.now()),
      };
    });
    met = event.type === 'FAILED' ? { ...event.failure, model } : undefined;
    const waitsFor = event.type === 'AWAITING' ? journal.task.reason : undefined;
    const reason = met ? `${met.kind}: ${met.reason}` : event.type === 'UNFUNDED' && stop ? shortage(stop) : waitsFor;
    agent.send(event, { task: journal.task.id, ...(reason === undefined ? {} : { reason }) });
    if (event.type === 'PARKED') return;
  }
  if (t.beside.length === 0) t.delivery.ack();
}

/** An instant that has passed tells nothing about when it works again. */
export function ofNow(failure: Failure, now: number): Failure {
  if (failure.until === undefined || failure.until > now) return failure;
  const { until, ...rest } = failure;
  return rest;
}

/** A failure as an attempt met it, and the model whose answer failed as it came. */
type Met = Failure & { readonly model: string | undefined };

async function perform(
  t: TaskTurn,
  work: TaskWork,
  command: AgentCommand,
  failure: Met | undefined,
  stop: Stop | undefined,
): Promise<AgentEvent> {
  const { duty, agent } = t;
  switch (command.type) {
    case 'brief':
      begin(t);
      return { type: 'BRIEFED' };
    case 'execute':
      await duty.execute(work);
      return { type: 'EXECUTED' };
    case 'verify':
      return verify(t, work);
    case 'report':
      await complete(t);
      return { type: 'REPORTED' };
    case 'backOff':
      return backOff(t, command, failure);
    case 'waitForMoney':
      return whileNobodyWorks(t, () => waitForMoney(t, stop));
    case 'recall':
      await recall(t);
      return { type: 'RECALLED' };
    case 'consult':
      await consult(t);
      return { type: 'CONSULTED' };
    case 'plan':
      if (failure) await recordFailure(t, failure, 'planning');
      await decompose(t, work);
      return { type: 'PLANNED' };
    case 'delegate':
      await delegate(t, work);
      return { type: 'DELEGATED' };
    case 'escalate':
      if (failure) noteFailure(t, failure);
      await escalateHeld(t.ports, t.journal, agent.name, command.reason);
      return { type: 'ESCALATED' };
  }
}

/** Waiting in the middle of an attempt is no work. */
async function whileNobodyWorks<T>({ journal, turn }: TaskTurn, wait: () => Promise<T>): Promise<T> {
  journal.note(worked(journal.task, turn.now()));
  const over = await wait();
  journal.note({ workingSince: turn.now() });
  return over;
}

/** The attempt begins: once that is on the stream, the task is this agent's. The money for its first question is reserved meanwhile. */
function begin(t: TaskTurn): void {
  const { journal, agent, turn } = t;
  const attempt = agent.work?.attempt ?? 1;
  const { waits } = journal.task;
  journal.start(`a${attempt}.w${waits}.started`, {
    status: 'working',
    phase: 'executing',
    agent: agent.name,
    attempt,
    startedAt: turn.now(),
    workingSince: turn.now(),
    lessons: lessonsFor(t.ports, journal.task, turn.now()),
    // Parts belong to the attempt that made them: given out afresh, the task is done in one piece or split anew.
    children: [],
    reason: undefined,
    dueAt: undefined,
  });
}

/** Counts the failure in the record, with the time the attempt took. */
function noteFailure(t: TaskTurn, failure: Met): void {
  const { journal, agent, turn } = t;
  const { task } = journal;
  const { kind, reason, model } = failure;
  const by = { attempt: Math.max(1, task.attempt), agent: agent.name, ...(model === undefined ? {} : { model }) };
  journal.note({
    failures: [...task.failures, { ...by, kind, reason }],
    ...worked(task, turn.now()),
  });
}

/** Records a failed attempt together with what the chart made of it: where the task goes on, and as which attempt. */
async function recordFailure(t: TaskTurn, failure: Met, phase: Phase, dueAt?: number): Promise<void> {
  const { journal, agent } = t;
  const failed = journal.task;
  noteFailure(t, failure);
  const next = agent.work;
  await journal.record('task.failed', `a${failed.attempt}.w${failed.waits}.failed`, {
    status: 'retrying',
    phase,
    attempt: next?.attempt ?? failed.attempt,
    rung: next?.rung ?? failed.rung,
    waits: next?.waits ?? failed.waits,
    excused: (next?.excused ?? failed.excused) || undefined,
    reason: `${failure.kind}: ${failure.reason}`,
    dueAt,
  });
  await unlearn(t.ports, failed, failure.reason, `task.${failed.id}.a${failed.attempt}.w${failed.waits}.failed`);
}

async function backOff(
  t: TaskTurn,
  command: Extract<AgentCommand, { type: 'backOff' }>,
  failure: Met | undefined,
): Promise<AgentEvent> {
  const { journal, turn, signal, closing } = t;
  if (failure) await recordFailure(t, failure, 'backing-off', command.until ?? turn.now() + command.ms);
  const dueAt = journal.task.dueAt ?? turn.now();
  if (dueAt - turn.now() > PARK_MS || closing.aborted) return park(t, dueAt);
  try {
    await turn.sleepUntil(dueAt, AbortSignal.any([signal, closing]));
  } catch (error) {
    if (signal.aborted || !closing.aborted) throw error;
    return park(t, dueAt);
  }
  return { type: 'DUE' };
}

function park({ delivery, turn }: TaskTurn, dueAt: number): AgentEvent {
  delivery.nak(Math.max(0, dueAt - turn.now()));
  return { type: 'PARKED' };
}

/** Asks the duty for evidence, and lets only complete evidence through. */
async function verify(t: TaskTurn, work: TaskWork): Promise<AgentEvent> {
  const { journal, duty } = t;
  journal.note({ phase: 'verifying' });
  const { task } = journal;
  const verdict = task.children.length > 0 ? await childrenVerdict(t) : await duty.verify(work);
  if ('awaiting' in verdict) {
    // It came again before what it waits for: there is nothing new to say.
    if (task.status === 'waiting' && task.reason === verdict.awaiting) return { type: 'AWAITING' };
    const awaited = { status: 'waiting', reason: verdict.awaiting, ...worked(task, t.turn.now()) } as const;
    await journal.record('task.waiting', `a${task.attempt}.w${task.waits}.waiting.${slug(verdict.awaiting)}`, awaited);
    // A part that ended before this was waiting could not wake it.
    if (task.children.length > 0) await wakeParent(t.ports.bus, task.id, t.agent.name);
    return { type: 'AWAITING' };
  }
  const needs = task.children.length > 0 ? (['children'] as const) : duty.needs;
  const missing = needs.filter((check) => !verdict.evidence.some((one) => one.check === check && one.ok));
  if (missing.length > 0) {
    throw new WorkFailure({ kind: 'quality', reason: `not done: no evidence of ${missing.join(', ')}` });
  }
  journal.note({ evidence: [...verdict.evidence], phase: 'reporting' });
  return { type: 'VERIFIED' };
}

/** A parent is done when all its children are; read from the stream itself, since a projection may lag. */
async function childrenVerdict(t: TaskTurn): Promise<{ evidence: Evidence[] } | { awaiting: string }> {
  const { bus } = t.ports;
  const children = await Promise.all(t.journal.task.children.map(async (id) => ({ id, task: await taskNow(bus, id) })));
  const given = children.find(({ task }) => task?.status === 'abandoned');
  if (given) throw new WorkFailure({ kind: 'permanent', reason: `its part ${given.id} was abandoned` });
  const open = children.filter(({ task }) => task?.status !== 'done');
  if (open.length > 0) return { awaiting: `waits for ${open.map(({ id }) => id).join(', ')}` };
  const detail = `${children.map(({ id }) => id).join(', ')} are done`;
  return { evidence: [{ check: 'children', ok: true, by: 'harness', detail }] };
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 160);
}
