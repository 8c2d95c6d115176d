// One message in hand that is no task: a directive, a tick, an alert, a request, a review. The same chart, the same
// recorded steps; when the ladder is used up the message goes to the dead letters and people are told.

import { createHash } from 'node:crypto';
import type { Delivery } from '../bus/bus.ts';
import type { Turn } from '../bus/clock.ts';
import type { Draft } from '../bus/messages.ts';
import type { Failure, Job } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import type { AgentCommand, AgentEvent } from '../machines/agent.ts';
import type { Role } from '../org/org.ts';
import type { Agent } from './agent.ts';
import { companySections } from './brief-sections.ts';
import { type JobWork, type StandingDuty, WorkFailure } from './duty.ts';
import { giveUpOn } from './escalation.ts';
import { JobJournal } from './journal.ts';
import { publishOnce } from './once.ts';
import type { Ports } from './ports.ts';
import { PARK_MS } from './task-work.ts';
import { think } from './thinking.ts';

export type JobTurn = {
  readonly ports: Ports;
  readonly agent: Agent;
  readonly role: Role;
  readonly duty: StandingDuty;
  readonly delivery: Delivery;
  readonly turn: Turn;
  readonly signal: AbortSignal;
  readonly closing: AbortSignal;
};

/** A message id as a subject token: what is no letter or digit becomes `-`, a long one ends in its digest. */
export function jobId(messageId: string): string {
  const token = messageId.replace(/[^A-Za-z0-9_-]/g, '-');
  if (token.length <= 60) return token;
  return `${token.slice(0, 50)}-${createHash('sha256').update(messageId).digest('hex').slice(0, 9)}`;
}

/** The natural key a job's questions are asked about: the thing the message is about. */
function aboutOf(delivery: Delivery): string {
  const { message } = delivery;
  switch (message.type) {
    case 'directive.issued':
    case 'alert.raised':
    case 'approval.answered':
      return message.data.id;
    case 'issue.opened':
      return `issue-${message.data.number}`;
    case 'knowledge.requested':
    case 'review.requested':
      return message.data.task;
    case 'hr.requested':
      return message.data.task ?? message.data.id;
    default:
      return 'mission';
  }
}

export async function runJob(t: JobTurn): Promise<void> {
  const { agent, delivery, ports, role, duty, turn, signal } = t;
  const { message } = delivery;
  const job: Job = {
    id: jobId(message.id),
    duty: duty.name,
    agent: agent.name,
    role: role.name,
    attempt: 1,
    status: 'working',
    startedAt: turn.now(),
    spent: { inputTokens: 0, outputTokens: 0, cost: 0 },
  };
  const cause = { id: message.id, lineage: message.correlationid };
  const journal = await JobJournal.open(ports.bus, job, cause, delivery.attempt > 1);
  if (journal.job.status === 'done') return delivery.ack();
  const work = jobWorkOf(t, journal);
  agent.send(
    {
      type: 'ASSIGN',
      work: { id: job.id, phase: 'briefing', attempt: 1, rung: 1, waits: 0, depthLeft: 0, affordable: true },
    },
    { task: labelOf(t) },
  );
  let failure: Failure | undefined;
  let settled = false;
  for (let command = agent.next(); command; command = agent.next()) {
    const { event, ends } = await perform(t, journal, work, command, failure).catch(
      (error: unknown): { event: AgentEvent; ends?: boolean } => {
        signal.throwIfAborted();
        const known =
          error instanceof Error && 'failure' in error ? new WorkFailure(error.failure as Failure) : undefined;
        if (!known) throw error;
        if (error instanceof WorkFailure) journal.charge(error.usage);
        return { event: { type: 'FAILED', failure: known.failure, affordable: true } };
      },
    );
    settled ||= ends ?? false;
    failure = event.type === 'FAILED' ? event.failure : undefined;
    agent.send(event, { task: labelOf(t), ...(failure ? { reason: `${failure.kind}: ${failure.reason}` } : {}) });
  }
  if (!settled) delivery.ack();
}

/** What the watchers see an agent working on. */
function labelOf(t: JobTurn): string {
  return `${t.duty.name} ${aboutOf(t.delivery)}`.replace(/ mission$/, '');
}

function jobWorkOf(t: JobTurn, journal: JobJournal): JobWork {
  const { ports, agent, role, delivery, turn, signal } = t;
  const about = ports.board.task(aboutOf(delivery))?.key ?? aboutOf(delivery);
  const hook = (step: string) =>
    ports.atStep?.({ agent: agent.name, task: about, attempt: journal.job.attempt, step }, turn);
  return {
    agent: agent.name,
    role,
    get org() {
      return ports.org();
    },
    message: delivery.message,
    get attempt() {
      return journal.job.attempt;
    },
    turn,
    signal,
    bus: ports.bus,
    tools: ports.tools,
    knowledge: ports.knowledge,
    board: ports.board,
    company: ports.company,
    step: (name, run) =>
      journal.step(name, async () => {
        await hook(name);
        return { result: await run() };
      }),
    think: async (purpose, sections, refuse) => {
      const thought = await journal.step(purpose, async () => {
        await hook(purpose);
        const { id, attempt } = journal.job;
        const asking = { agent: agent.name, role, work: id, about, attempt, turn, signal };
        return think(ports, asking, purpose, [...companySections(ports.company.get()), ...sections], refuse);
      });
      return thought.answer;
    },
    publish: async (subject, draft) => {
      const { id, correlationid } = delivery.message;
      const whole = { correlationid, causationid: id, source: agent.name, ...draft } as unknown as Draft;
      if (delivery.attempt > 1) await publishOnce(ports.bus, subject, whole, Date.parse(delivery.message.time));
      else await ports.bus.publish(subject, whole);
    },
  };
}

async function perform(
  t: JobTurn,
  journal: JobJournal,
  work: JobWork,
  command: AgentCommand,
  failure: Failure | undefined,
): Promise<{ event: AgentEvent; ends?: boolean }> {
  const { turn, delivery, agent } = t;
  switch (command.type) {
    case 'brief':
      return { event: { type: 'BRIEFED' } };
    case 'execute':
      await t.duty.run(work);
      return { event: { type: 'EXECUTED' } };
    case 'verify':
      return { event: { type: 'VERIFIED' } };
    case 'report':
      await journal.done();
      return { event: { type: 'REPORTED' } };
    case 'backOff': {
      await journal.failed({ status: 'retrying', reason: failure?.reason ?? '' });
      journal.note({ attempt: agent.work?.attempt ?? journal.job.attempt, status: 'working' });
      return backOff(t, command.until ?? turn.now() + command.ms);
    }
    // A job is no piece of work to split or to look up: its retries are plain ones.
    case 'recall':
      return { event: { type: 'RECALLED' } };
    case 'consult':
      return { event: { type: 'CONSULTED' } };
    case 'plan':
      return { event: { type: 'PLANNED' } };
    case 'delegate':
      return { event: { type: 'DELEGATED' } };
    case 'escalate':
      await journal.failed({ status: 'escalated', reason: command.reason });
      await work.publish(subjects.reports, {
        id: `job.${journal.job.id}.escalated`,
        type: 'report.filed',
        data: {
          id: `job.${journal.job.id}.escalated`,
          kind: 'task',
          by: agent.name,
          role: t.role.name,
          status: 'escalated',
          summary: `${t.duty.name} gave up on ${delivery.message.id}: ${command.reason}`,
          cost: journal.job.spent.cost,
        },
      });
      await giveUpOn(t.ports, delivery.message, agent.name, command.reason);
      await delivery.term(`${t.duty.name}: ${command.reason}`);
      return { event: { type: 'ESCALATED' }, ends: true };
  }
}

/** A short wait keeps the agent; a long one, and any when the company closes, gives the message back. */
async function backOff(t: JobTurn, dueAt: number): Promise<{ event: AgentEvent; ends?: boolean }> {
  const { turn, signal, closing, delivery } = t;
  if (dueAt - turn.now() <= PARK_MS && !closing.aborted) {
    try {
      await turn.sleepUntil(dueAt, AbortSignal.any([signal, closing]));
      return { event: { type: 'DUE' } };
    } catch (error) {
      if (signal.aborted || !closing.aborted) throw error;
    }
  }
  delivery.nak(Math.max(0, dueAt - turn.now()));
  return { event: { type: 'PARKED' }, ends: true };
}
