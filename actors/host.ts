// The host binds mailboxes to agents: it takes a delivery, finds who may have it, and runs one turn.
//
// Invariants:
//   H1. A delivery is settled after its result and what follows from it are recorded: ack when done, nak when it must come
//       again, term when it cannot be handled at all. Its agent may be at the next one by then (completion.ts).
//   H2. An error that no chart knows is a crash: the agent starts afresh, the delivery comes back, recorded steps stand.
//   H3. A task belongs to whoever wrote last: a late writer is refused, lets go and says so ("fenced").
//   H4. A message that comes to nothing every time, whoever has it, ends in the dead letters (tries.ts).

import type { Delivery } from '../bus/bus.ts';
import type { Turn } from '../bus/clock.ts';
import { BusFailure, HeadcountError, reasonOf, StaleWrite } from '../bus/errors.ts';
import type { Message, MessageType } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { agentsOf, type Role } from '../org/org.ts';
import type { Agent } from './agent.ts';
import { followUp } from './completion.ts';
import { afresh } from './duties/handover.ts';
import type { StandingDuty, TaskDuty } from './duty.ts';
import { askForHelp, giveUpOn } from './escalation.ts';
import { Gate } from './gate.ts';
import { jobId } from './job-id.ts';
import { runJob } from './job-turn.ts';
import { TaskJournal } from './journal.ts';
import type { Pool } from './pool.ts';
import type { Ports } from './ports.ts';
import { askAbout, unreadableTask } from './quarantine.ts';
import { runTask } from './task-turn.ts';
import type { TaskTurn } from './task-work.ts';
import { MOST_TRIES, Try } from './tries.ts';

/** First pause of a crashed agent, doubled with each crash in a row. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

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

/** Why a delivery comes again, how soon (ms), and what is said of it when that is too often. */
type PutBack = {
  readonly error: unknown;
  readonly said: string;
  readonly spent: string;
  readonly restMs: number;
};

/** States in which an assignment means work. */
const runnable: readonly Task['status'][] = ['ready', 'working', 'retrying', 'waiting'];

export class Host {
  readonly #ports: Ports;
  readonly #signal: AbortSignal;
  readonly #closing: AbortSignal;
  /** Crashes in a row, by agent. */
  readonly #crashes = new Map<string, number>();
  /** Deliveries of an earlier life look for what is recorded of them. */
  readonly #gate = new Gate();

  /**
   * @param signal aborted when the process must stop at once; turns then end without settling what they hold
   * @param closing aborted when the company closes; what waits is then given back
   */
  constructor(ports: Ports, signal: AbortSignal, closing: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
    this.#closing = closing;
  }

  /** Handles one delivery; resolves when it is settled or let go. */
  receive(mailbox: Mailbox, delivery: Delivery): Promise<void> {
    const asked = mailbox.pool.promise();
    return this.#ports.clock.turn(async (turn) => {
      asked();
      if (this.#signal.aborted) return;
      try {
        await this.#route(mailbox, delivery, turn);
      } catch (error) {
        if (this.#signal.aborted) return;
        throw error;
      }
    });
  }

  get #ends() {
    return { signal: this.#signal, closing: this.#closing };
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
    await this.#guarded(mailbox, agent, delivery, async (begun) => {
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
    await this.#guarded(mailbox, agent, delivery, async (begun, beside) => {
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

  /**
   * Runs a turn; whatever comes out of it, the agent and the delivery end in a state somebody designed.
   * @param run calls `begun` when it knows what is recorded of its work, and leaves in `beside` what its agent need not wait for
   */
  async #guarded(
    mailbox: Mailbox,
    agent: Agent,
    delivery: Delivery,
    run: (begun: () => void, beside: Promise<void>[]) => Promise<void>,
  ): Promise<void> {
    let tried: Try | undefined;
    const beside: Promise<void>[] = [];
    const begun = delivery.attempt > 1 ? await this.#gate.enter() : () => {};
    try {
      tried = await Try.begin(this.#ports.bus, durableOf(mailbox), delivery);
      if (tried.spent) await this.#giveUp(agent, delivery, spentReason(tried));
      else await run(begun, beside);
      if (this.#crashes.size > 0) this.#crashes.delete(agent.name);
    } catch (error) {
      if (this.#signal.aborted) return;
      if (this.#closing.aborted && error === this.#closing.reason) {
        return this.#letGo(mailbox, agent, delivery, 0, 'restarted', tried);
      }
      if (error instanceof StaleWrite) {
        this.#ports.log('warn', `fenced: ${agent.name} was late, ${error.message}`);
        // Whoever wrote last goes on; if that was nobody (a person's edit), the next delivery finds out.
        const why = `it was late: ${error.subject} has been written by somebody else`;
        return this.#letGo(mailbox, agent, delivery, NOBODY_FREE_MS, 'fenced', undefined, why);
      }
      await this.#crashed(mailbox, agent, delivery, error, tried);
      return;
    } finally {
      begun();
    }
    mailbox.pool.give(agent);
    if (beside.length > 0) await this.#end(agent, delivery, beside, tried);
  }

  /** Settles a delivery whose agent is free, after what still follows from it. */
  async #end(agent: Agent, delivery: Delivery, beside: Promise<void>[], tried: Try | undefined): Promise<void> {
    try {
      await Promise.all(beside);
      delivery.ack();
    } catch (error) {
      if (this.#signal.aborted) return;
      const said = `what follows from ${delivery.message.id} was not done: ${reasonOf(error)}`;
      this.#ports.log('error', `${agent.name}: ${said}`);
      const spent = `it came to nothing ${MOST_TRIES} times: ${said}`;
      await this.#putBack(agent, delivery, tried, { error, said, spent, restMs: FIRST_REST_MS });
    }
  }

  /** Gives work in hand back as it is; its record stands. */
  async #letGo(
    mailbox: Mailbox,
    agent: Agent,
    delivery: Delivery,
    delayMs: number,
    how: 'restarted' | 'fenced',
    tried: Try | undefined,
    why = 'let go',
  ): Promise<void> {
    agent.restart(how, why);
    await tried?.givenBack().catch(() => {});
    delivery.nak(delayMs);
    mailbox.pool.give(agent);
  }

  /** One crashed agent: told, rested, started afresh; its delivery comes back when it is up again. */
  async #crashed(
    mailbox: Mailbox,
    agent: Agent,
    delivery: Delivery,
    error: unknown,
    tried: Try | undefined,
  ): Promise<void> {
    const { log, clock } = this.#ports;
    const crashes = (this.#crashes.get(agent.name) ?? 0) + 1;
    this.#crashes.set(agent.name, crashes);
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (crashes - 1));
    const reason = reasonOf(error);
    log('error', `${agent.name} crashed: ${reason}; back in ${restMs / 1000} s`, {
      stack: error instanceof Error && !(error instanceof HeadcountError) ? error.stack : undefined,
    });
    agent.restart('crashed', reason);
    const { wake } = mailbox.pool.rest(agent);
    clock.sleepUntil(clock.now() + restMs, this.#signal).then(wake, () => {});
    const said = `${agent.name} crashed: ${reason}`;
    const spent = `it crashed ${MOST_TRIES} agents, the last one was ${agent.name}: ${reason}`;
    await this.#putBack(agent, delivery, tried, { error, said, spent, restMs });
  }

  /** What came to nothing comes again, unless it has come to nothing too often. */
  async #putBack(
    agent: Agent,
    delivery: Delivery,
    tried: Try | undefined,
    { error, said, spent, restMs }: PutBack,
  ): Promise<void> {
    if (!(await this.#wasLast(tried, error, said))) return delivery.nak(restMs);
    await this.#giveUp(agent, delivery, spent);
  }

  /** Notes a crash on the stream. A stream out of reach is no message's fault. */
  async #wasLast(tried: Try | undefined, error: unknown, said: string): Promise<boolean> {
    try {
      if (!(error instanceof BusFailure)) return (await tried?.crashed(said)) ?? false;
      await tried?.givenBack();
    } catch (failure) {
      this.#ports.log('warn', `a crash could not be noted: ${reasonOf(failure)}`);
    }
    return false;
  }

  /** A message that comes to nothing every time must not circle for ever; its task is not lost either. */
  async #giveUp(agent: Agent, delivery: Delivery, why: string): Promise<void> {
    try {
      await giveUpOn(this.#ports, delivery.message, 'supervisor', why);
      await delivery.term(why);
    } catch (error) {
      this.#ports.log('error', `${agent.name}: ${delivery.message.id} cannot be given up on: ${reasonOf(error)}`);
      delivery.nak(LONGEST_REST_MS);
    }
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

/** The durable behind a mailbox (staff.ts). */
function durableOf({ role, duty }: Mailbox): string {
  return duty === undefined ? role().name : `${role().name}-${duty.name}`;
}

function spentReason({ reason }: Try): string {
  const last = reason === undefined ? 'each time its process ended without a word' : `once ${reason}`;
  return `${MOST_TRIES} deliveries in a row came to nothing: ${last}`;
}
