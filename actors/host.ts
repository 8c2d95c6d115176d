// The host binds mailboxes to agents: it takes a delivery, finds who may have it, and runs one turn.
//
// Invariants:
//   H1. A delivery is settled after its result is recorded: ack when done, nak when it must come again, term when it cannot
//       be handled at all.
//   H2. An error that no chart knows is a crash: the agent starts afresh, the delivery comes back, recorded steps stand.
//   H3. A task belongs to whoever wrote last: a late writer is refused and lets go ("fenced").

import type { Delivery } from '../bus/bus.ts';
import type { Turn } from '../bus/clock.ts';
import { BusFailure, HeadcountError, reasonOf, StaleWrite } from '../bus/errors.ts';
import type { MessageType } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import type { Role } from '../org/org.ts';
import type { Agent } from './agent.ts';
import { followUp } from './completion.ts';
import type { StandingDuty, TaskDuty } from './duty.ts';
import { askForHelp, giveUpOn } from './escalation.ts';
import { runJob } from './job-turn.ts';
import { TaskJournal } from './journal.ts';
import type { Pool } from './pool.ts';
import type { Ports } from './ports.ts';
import { runTask } from './task-turn.ts';

/** Agents that one message may crash before it is given up on. */
const MOST_CRASHES = 6;

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

/** States in which an assignment means work. */
const runnable: readonly Task['status'][] = ['ready', 'working', 'retrying', 'waiting'];

export class Host {
  readonly #ports: Ports;
  readonly #signal: AbortSignal;
  readonly #closing: AbortSignal;
  /** Crashes in a row, by agent. */
  readonly #crashes = new Map<string, number>();
  /** Crashes by the message that was in hand. Its deliveries say nothing: it may have waited for somebody free. */
  readonly #crashedBy = new Map<string, number>();

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
    if (!duty.wants(look, message)) {
      mailbox.pool.give(agent);
      return delivery.ack();
    }
    const run = { ports: this.#ports, agent, role, duty, delivery, turn, ...this.#ends };
    await this.#guarded(mailbox, agent, delivery, () => runJob(run));
  }

  async #assignment(mailbox: Mailbox, delivery: Delivery, turn: Turn): Promise<void> {
    if (delivery.message.type !== 'assignment.given') return;
    const { task: id } = delivery.message.data;
    const known = this.#ports.board.task(id);
    const agent = mailbox.pool.take(known?.avoid);
    if (!agent) return delivery.nak(NOBODY_FREE_MS);
    await this.#guarded(mailbox, agent, delivery, () => this.#task(mailbox, agent, delivery, turn, id));
  }

  async #task(mailbox: Mailbox, agent: Agent, delivery: Delivery, turn: Turn, id: string): Promise<void> {
    const ports = this.#ports;
    const role = mailbox.role();
    const journal = this.#fresh(agent, delivery, id) ?? (await TaskJournal.open(ports.bus, agent.name, id));
    if (!journal) return delivery.term(`there is no task ${id}`);
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
    if (duty) return runTask({ ports, agent, role, duty, journal, delivery, turn, ...this.#ends });
    await giveUpOn(ports, delivery.message, agent.name, `${role.name} has no duty for a task of type ${task.type}`);
    delivery.ack();
  }

  /** A first delivery of a task that is ready needs no look at the stream; a stale board is found out by the first write. */
  #fresh(agent: Agent, delivery: Delivery, id: string): TaskJournal | undefined {
    const { board, bus } = this.#ports;
    const [task, last] = [board.task(id), board.lastOf(id)];
    if (delivery.attempt > 1 || !last || task?.status !== 'ready' || task.attempt > 0) return undefined;
    return TaskJournal.begin(bus, agent.name, task, last);
  }

  /** Runs a turn; whatever comes out of it, the agent and the delivery end in a state somebody designed. */
  async #guarded(mailbox: Mailbox, agent: Agent, delivery: Delivery, run: () => Promise<void>): Promise<void> {
    try {
      await run();
      if (this.#crashes.size > 0) this.#crashes.delete(agent.name);
      if (this.#crashedBy.size > 0) this.#crashedBy.delete(delivery.message.id);
    } catch (error) {
      if (this.#signal.aborted) return;
      if (this.#closing.aborted && error === this.#closing.reason) return this.#letGo(mailbox, agent, delivery, 0);
      if (error instanceof StaleWrite) {
        this.#ports.log('warn', `fenced: ${agent.name} was late, ${error.message}`);
        // Whoever wrote last goes on; if that was nobody (a person's edit), the next delivery finds out.
        return this.#letGo(mailbox, agent, delivery, NOBODY_FREE_MS);
      }
      await this.#crashed(mailbox, agent, delivery, error);
      return;
    }
    mailbox.pool.give(agent);
  }

  /** Gives work in hand back as it is; its record stands. */
  #letGo(mailbox: Mailbox, agent: Agent, delivery: Delivery, delayMs: number): void {
    agent.restart('restarted', 'let go');
    delivery.nak(delayMs);
    mailbox.pool.give(agent);
  }

  /** One crashed agent: told, rested, started afresh; its delivery comes back when it is up again. */
  async #crashed(mailbox: Mailbox, agent: Agent, delivery: Delivery, error: unknown): Promise<void> {
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
    // A stream out of reach is no message's fault.
    const count = error instanceof BusFailure ? 0 : (this.#crashedBy.get(delivery.message.id) ?? 0) + 1;
    if (count > 0) this.#crashedBy.set(delivery.message.id, count);
    if (count < MOST_CRASHES) return delivery.nak(restMs);
    await this.#giveUp(agent, delivery, `it crashed ${count} agents, the last one was ${agent.name}: ${reason}`);
  }

  /** A message that crashes every agent must not circle for ever; its task is not lost either. */
  async #giveUp(agent: Agent, delivery: Delivery, why: string): Promise<void> {
    try {
      await giveUpOn(this.#ports, delivery.message, 'supervisor', why);
      await delivery.term(why);
      this.#crashedBy.delete(delivery.message.id);
    } catch (error) {
      this.#ports.log('error', `${agent.name}: ${delivery.message.id} cannot be given up on: ${reasonOf(error)}`);
      delivery.nak(LONGEST_REST_MS);
    }
  }
}
