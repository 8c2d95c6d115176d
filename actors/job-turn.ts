// One message in hand that is no task: a directive, a tick, an alert, a request, a review. The same chart, the same
// recorded steps; when the ladder is used up the message goes to the dead letters and people are told.

import type { Delivery } from '../bus/bus.ts';
import type { Message } from '../bus/messages.ts';
import type { Stop } from '../bus/money.ts';
import type { Failure, Job } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import type { AgentCommand, AgentEvent } from '../machines/agent.ts';
import { companySections } from './brief-sections.ts';
import { failureIn, type JobWork, type StandingDuty } from './duty.ts';
import { giveUpOn } from './escalation.ts';
import { jobId } from './job-id.ts';
import { JobJournal } from './journal.ts';
import { OutOfMoney, shortage } from './money/asking.ts';
import { canWait, waitForMoney } from './money/parking.ts';
import { ofNow } from './task-turn.ts';
import { PARK_MS } from './task-work.ts';
import { type Held, HeldWork } from './work.ts';

export type JobTurn = Held & { readonly duty: StandingDuty };

/** The natural key a job's questions are asked about: the thing the message is about. */
function aboutOf(delivery: Delivery): string {
  const { message } = delivery;
  switch (message.type) {
    case 'directive.issued':
    case 'alert.raised':
    case 'approval.answered':
    case 'approval.expired':
      return message.data.id;
    case 'issue.opened':
      return `issue-${message.data.number}`;
    case 'review.requested':
      return message.data.task;
    case 'knowledge.requested':
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
  const work = new HeldJob(t, journal);
  agent.send(
    {
      type: 'ASSIGN',
      work: {
        id: job.id,
        phase: 'briefing',
        attempt: 1,
        rung: 1,
        waits: 0,
        excused: 0,
        depthLeft: 0,
        affordable: true,
      },
    },
    { task: labelOf(t) },
  );
  let failure: Failure | undefined;
  let settled = false;
  let stop: Stop | undefined;
  for (let command = agent.next(); command; command = agent.next()) {
    const { event, ends } = await perform(t, journal, work, command, failure, stop).catch(
      (error: unknown): { event: AgentEvent; ends?: boolean } => {
        signal.throwIfAborted();
        if (error instanceof OutOfMoney && canWait(command)) {
          stop = error.stop;
          return { event: { type: 'UNFUNDED' } };
        }
        const known = failureIn(error, ports.secrets);
        // Nothing is left to try when giving up fails: that is a crash, and those are counted.
        if (!known || command.type === 'escalate') throw error;
        journal.charge(known.usage);
        const now = turn.now();
        const waited = now - journal.job.startedAt;
        const affordable = known.failure.kind !== 'quota' || waited < role.policy.lineage.ms;
        return { event: { type: 'FAILED', failure: ofNow(known.failure, now), affordable } };
      },
    );
    settled ||= ends ?? false;
    failure = event.type === 'FAILED' ? event.failure : undefined;
    const short = event.type === 'UNFUNDED' && stop ? shortage(stop) : undefined;
    const reason = failure ? `${failure.kind}: ${failure.reason}` : short;
    agent.send(event, { task: labelOf(t), ...(reason === undefined ? {} : { reason }) });
  }
  if (!settled) delivery.ack();
}

/** What the watchers see an agent working on. */
function labelOf(t: JobTurn): string {
  return `${t.duty.name} ${aboutOf(t.delivery)}`.replace(/ mission$/, '');
}

/** The work as a duty sees it. */
class HeldJob extends HeldWork implements JobWork {
  readonly message: Message;
  readonly #journal: JobJournal;

  constructor(t: JobTurn, journal: JobJournal) {
    const { ports, delivery } = t;
    const { id, correlationid, time } = delivery.message;
    const about = ports.board.task(aboutOf(delivery))?.key ?? aboutOf(delivery);
    const taint = new Set<string>();
    super(t, {
      at: () => ({
        id: journal.job.id,
        work: journal.job.id,
        about,
        taskType: undefined,
        task: undefined,
        attempt: journal.job.attempt,
      }),
      step: (name, run) => journal.step(name, run),
      // It is whose delivery it is; what counts is recorded by step.
      started: async () => {},
      taint: () => [...taint],
      addTaint: (sources) => {
        for (const source of sources) taint.add(source);
      },
      sections: () => companySections(ports.company.get()),
      cause: () => ({ correlationid, causationid: id, since: Date.parse(time) }),
    });
    this.message = delivery.message;
    this.#journal = journal;
  }

  get attempt(): number {
    return this.#journal.job.attempt;
  }
}

async function perform(
  t: JobTurn,
  journal: JobJournal,
  work: JobWork,
  command: AgentCommand,
  failure: Failure | undefined,
  stop: Stop | undefined,
): Promise<{ event: AgentEvent; ends?: boolean }> {
  const { turn, delivery, agent } = t;
  switch (command.type) {
    case 'brief':
      return { event: { type: 'BRIEFED' } };
    case 'waitForMoney':
      return { event: await waitForMoney(t, stop) };
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
