// The host binds mailboxes to agents: it takes a delivery, finds who may have it, and runs one turn.
//
// Invariants:
//   H1. A delivery is settled after its result and what follows from it are recorded: ack when done, nak when it must come
//       again, term when it cannot be handled at all. Its agent may be at the next one by then (completion.ts).
//   H2. Whatever goes wrong in a turn is the supervision's (supervision.ts).

import type { Delivery } from '../bus/bus.ts';
import type { Turn } from '../bus/clock.ts';
import type { Message, MessageType } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { agentsOf, type Role } from '../org/org.ts';
import type { Agent } from './agent.ts';
import { followUp } from './completion.ts';
import { afresh } from './duties/handover.ts';
import type { StandingDuty, TaskDuty } from './duty.ts';
import { askForHelp, giveUpOn } from './escalation.ts';
import { jobId } from './job-id.ts';
import { runJob } from './job-turn.ts';
import { TaskJournal } from './journal.ts';
import type { Pool } from './pool.ts';
import type { Ports } from './ports.ts';
import { askAbout, unreadableTask } from './quarantine.ts';
import { type Held, Supervision } from './supervision.ts';
import { runTask } from './task-turn.ts';
import type { TaskTurn } from './task-work.ts';

/** How soon a message comes back that nobody may take now. */
const NOBODY_FREE_MS = 5_000;

export type Mailbox = {
  readonly pool: Pool;
  readonly role: () => Role;
  /** The standing duty behind this mailbox; undefined for the role's own, where the message decides. */
  readonly duty?: StandingDuty | undefined;
};

function standing(ports: Ports, role: Role, type: MessageType): StandingDuty | undefined {
  for (const name of role.duties) {
    const duty = ports.duties.get(name);
    if (duty?.kind === 'standing' && duty.types.includes(type)) return duty;
  }
  return undefined;
}

function taskDuty(ports: Ports, role: Role, task: Task): TaskDuty | undefined {
  for (const name of role.duties) {
    const duty = ports.duties.get(name);
    if (duty?.kind === 'task' && duty.types.includes(task.type)) return duty;
  }
  return undefined;
}

/** States in which an assignment means work. */
const runnable: readonly Task['status'][] = ['ready', 'working', 'retrying', 'waiting'];

export class Host {
  readonly #ports: Ports;
  readonly #ends: { readonly signal: AbortSignal; readonly closing: AbortSignal };
  readonly #supervision: Supervision;

  /**
   * @param signal aborted when the process must stop at once; turns then end without settling what they hold
   * @param closing aborted when the company closes; what waits is then given back
   */
  constructor(ports: Ports, signal: AbortSignal, closing: AbortSignal) {
    this.#ports = ports;
    this.#ends = { signal, closing };
    this.#supervision = new Supervision(ports, this.#ends);
  }

  /** Handles one delivery; resolves when it is settled or let go. */
  receive(mailbox: Mailbox, delivery: Delivery): Promise<void> {
    const asked = mailbox.pool.promise();
    return this.#ports.clock.turn(async (turn) => {
      asked();
      if (this.#ends.signal.aborted) return;
      try {
        await this.#route(mailbox, delivery, turn);
      } catch (error) {
        if (this.#ends.signal.aborted) return;
        throw error;
      }
    });
  }

  async #route(mailbox: Mailbox, delivery: Delivery, turn: Turn): Promise<void> {
    const { message } = delivery;
    const role = mailbox.role();
    if (message.type === 'assignment.given' && !mailbox.duty) return this.#assignment(mailbox, delivery, turn);
    const duty = mailbox.duty ?? standing(this.#ports, role, message.type);
    const wanted = message.type === 'clock.ticked' ? duty !== undefined : duty?.types.includes(message.type);
    if (!duty || !wanted) return delivery.ack();
    const agent = mailbox.pool.take();
    if (!agent) return delivery.nak(NOBODY_FREE_MS);
    const { tools, board, company, org } = this.#ports;
    const look = { agent: agent.name, role, org: org(), tools, board, company };
    const run = { ports: this.#ports, agent, role, duty, delivery, turn, ...this.#ends };
    await this.#supervision.during(heldBy(mailbox, agent, delivery), async (begun) => {
      begun();
      // What it has done may be why it wants nothing any more: a job that was begun is finished.
      if (duty.wants(look, message) || (await this.#wasBegun(delivery))) await runJob(run);
      else delivery.ack();
    });
  }

  async #wasBegun({ attempt, message }: Delivery): Promise<boolean> {
    return attempt > 1 && (await this.#ports.bus.last(subjects.job(jobId(message.id)))) !== undefined;
  }

  async #assignment(mailbox: Mailbox, delivery: Delivery, turn: Turn): Promise<void> {
    if (delivery.message.type !== 'assignment.given') return;
    const { task: id } = delivery.message.data;
    const known = this.#ports.board.task(id);
    const agent = mailbox.pool.take(known?.avoid, agentsOf(mailbox.role()));
    if (!agent) return delivery.nak(NOBODY_FREE_MS);
    await this.#supervision.during(heldBy(mailbox, agent, delivery), async (begun, beside) => {
      const journal = await this.#journal(agent, delivery, id);
      begun();
      if (journal) await this.#task(mailbox, { agent, delivery, turn, journal, beside });
    });
  }

  /** The record of a task; undefined when there is none, and the delivery is settled. */
  async #journal(agent: Agent, delivery: Delivery, id: string): Promise<TaskJournal | undefined> {
    const fresh = this.#fresh(agent, delivery, id);
    if (fresh) return fresh;
    if (await this.#inQuarantine(id)) return void delivery.ack();
    const { bus, board } = this.#ports;
    const stepless = (seq: number) => board.lastOf(id)?.seq === seq && !board.hasSteps(id);
    const journal = await TaskJournal.open(bus, agent.name, id, stepless);
    if (!journal) await delivery.term(`there is no task ${id}`);
    return journal;
  }

  async #task(
    mailbox: Mailbox,
    held: Pick<TaskTurn, 'agent' | 'delivery' | 'turn' | 'journal' | 'beside'>,
  ): Promise<void> {
    const { agent, delivery, turn, journal } = held;
    const ports = this.#ports;
    const role = mailbox.role();
    await takeUpAgain(journal, delivery.message, turn.now());
    const { task } = journal;
    if (task.status === 'done' && delivery.attempt > 1) {
      await followUp({ ports, agent, journal, role, turn });
      return delivery.ack();
    }
    if (task.status === 'escalated' && delivery.attempt > 1) {
      // A crash may have come between the escalation and the call for help.
      await askForHelp(ports, task, agent.name, true);
      return delivery.ack();
    }
    // Moved, ended, or still blocked: this assignment is history.
    if (task.role !== role.name || !runnable.includes(task.status)) return delivery.ack();
    const duty = taskDuty(ports, role, task);
    if (duty) return runTask({ ports, role, duty, ...held, ...this.#ends });
    await giveUpOn(ports, delivery.message, agent.name, `${role.name} has no duty for a task of type ${task.type}`);
    delivery.ack();
  }

  /** Whatever a person decides about a task that cannot be read gives it out anew. */
  async #inQuarantine(id: string): Promise<boolean> {
    const { board, bus } = this.#ports;
    if (!board.unreadable.has(id) || !(await unreadableTask(bus, id))) return false;
    await askAbout(this.#ports, id);
    return true;
  }

  /**
   * A first delivery of a task that is ready needs no look at the stream, where the board has heard everything up to it. What
   * was written later is found out by the first write.
   */
  #fresh(agent: Agent, delivery: Delivery, id: string): TaskJournal | undefined {
    const { board, bus } = this.#ports;
    const [task, last] = [board.task(id), board.lastOf(id)];
    if (board.unreadable.has(id) || board.state.seq < delivery.seq) return undefined;
    if (task?.role !== agent.role) return undefined;
    if (delivery.attempt > 1 || !last || task?.status !== 'ready' || task.attempt > 0) return undefined;
    return TaskJournal.begin(bus, agent.name, task, last);
  }
}

/** A task that was given up on together with its assignment begins anew when a person puts the assignment back. */
async function takeUpAgain(journal: TaskJournal, message: Message, now: number): Promise<void> {
  if (message.type !== 'assignment.given' || message.data.why !== 'requeued') return;
  if (journal.task.status !== 'escalated') return;
  const reason = `${message.source} put it back`;
  const task = afresh(journal.task, { why: 'reassigned', reason }, now);
  await journal.record('task.reassigned', `requeued.${jobId(message.id)}`, task, reason);
}

/** The durable behind a mailbox is named as in staff.ts. */
function heldBy({ pool, role, duty }: Mailbox, agent: Agent, delivery: Delivery): Held {
  const durable = duty === undefined ? role().name : `${role().name}-${duty.name}`;
  return { pool, agent, delivery, durable };
}
