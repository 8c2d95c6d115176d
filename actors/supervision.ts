// What becomes of an agent and its delivery when a turn does not end as its chart says.
//
// Invariants:
//   V1. An error that no chart knows is a crash: the agent starts afresh, the delivery comes back, recorded steps stand.
//   V2. A task belongs to whoever wrote last: a late writer is refused, lets go and says so ("fenced").
//   V3. A message that comes to nothing every time, whoever has it, ends in the dead letters (tries.ts).

import type { Delivery } from '../bus/bus.ts';
import { BusFailure, HeadcountError, reasonOf, StaleWrite } from '../bus/errors.ts';
import type { Agent } from './agent.ts';
import { giveUpOn } from './escalation.ts';
import { Gate } from './gate.ts';
import type { Pool } from './pool.ts';
import type { Ports } from './ports.ts';
import { MOST_TRIES, Try } from './tries.ts';

/** First pause of a crashed agent, doubled with each crash in a row. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;
/** How soon a message comes back whose task somebody else has written. */
const FENCED_MS = 5_000;

/** A delivery in the hands of an agent. */
export type Held = {
  readonly pool: Pool;
  readonly agent: Agent;
  readonly delivery: Delivery;
  /** The durable it came from. */
  readonly durable: string;
};

/** Known once it is on the stream that it is tried. */
type Tried = Held & { readonly tried: Try | undefined };

/** Why a delivery comes again, how soon (ms), and what is said of it when that is too often. */
type PutBack = {
  readonly error: unknown;
  readonly said: string;
  readonly spent: string;
  readonly restMs: number;
};

export class Supervision {
  readonly #ports: Ports;
  readonly #signal: AbortSignal;
  readonly #closing: AbortSignal;
  /** Crashes in a row, by agent. */
  readonly #crashes = new Map<string, number>();
  /** Deliveries of an earlier life look for what is recorded of them. */
  readonly #gate = new Gate();

  /** The signals are those of the host. */
  constructor(ports: Ports, { signal, closing }: { readonly signal: AbortSignal; readonly closing: AbortSignal }) {
    this.#ports = ports;
    this.#signal = signal;
    this.#closing = closing;
  }

  /**
   * Runs a turn; whatever comes out of it, the agent and the delivery end in a state somebody designed.
   * @param run calls `begun` when it knows what is recorded of its work, and leaves in `beside` what its agent need not wait for
   */
  async during(held: Held, run: (begun: () => void, beside: Promise<void>[]) => Promise<void>): Promise<void> {
    const { pool, agent, delivery, durable } = held;
    let tried: Try | undefined;
    const beside: Promise<void>[] = [];
    const begun = delivery.attempt > 1 ? await this.#gate.enter() : () => {};
    try {
      tried = await Try.begin(this.#ports.bus, durable, delivery);
      if (tried.spent) await this.#giveUp(held, spentReason(tried));
      else await run(begun, beside);
      if (this.#crashes.size > 0) this.#crashes.delete(agent.name);
    } catch (error) {
      return await this.#failed({ ...held, tried }, error);
    } finally {
      begun();
    }
    pool.give(agent);
    if (beside.length > 0) await this.#end({ ...held, tried }, beside);
  }

  async #failed(held: Tried, error: unknown): Promise<void> {
    if (this.#signal.aborted) return;
    if (this.#closing.aborted && error === this.#closing.reason) {
      await held.tried?.givenBack().catch(() => {});
      return this.#letGo(held, 0, 'restarted', 'let go');
    }
    if (!(error instanceof StaleWrite)) return this.#crashed(held, error);
    this.#ports.log('warn', `fenced: ${held.agent.name} was late, ${error.message}`);
    // Whoever wrote last goes on; if that was nobody (a person's edit), the next delivery finds out.
    this.#letGo(held, FENCED_MS, 'fenced', `it was late: ${error.subject} has been written by somebody else`);
  }

  /** Settles a delivery whose agent is free, after what still follows from it. */
  async #end(held: Tried, beside: Promise<void>[]): Promise<void> {
    const { agent, delivery } = held;
    try {
      await Promise.all(beside);
      delivery.ack();
    } catch (error) {
      if (this.#signal.aborted) return;
      const said = `what follows from ${delivery.message.id} was not done: ${reasonOf(error)}`;
      this.#ports.log('error', `${agent.name}: ${said}`);
      const spent = `it came to nothing ${MOST_TRIES} times: ${said}`;
      await this.#putBack(held, { error, said, spent, restMs: FIRST_REST_MS });
    }
  }

  /** Gives work in hand back as it is; its record stands. */
  #letGo({ pool, agent, delivery }: Held, delayMs: number, how: 'restarted' | 'fenced', why: string): void {
    agent.restart(how, why);
    delivery.nak(delayMs);
    pool.give(agent);
  }

  /** One crashed agent: told, rested, started afresh; its delivery comes back when it is up again. */
  async #crashed(held: Tried, error: unknown): Promise<void> {
    const { pool, agent } = held;
    const { log, clock } = this.#ports;
    const crashes = (this.#crashes.get(agent.name) ?? 0) + 1;
    this.#crashes.set(agent.name, crashes);
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (crashes - 1));
    const reason = reasonOf(error);
    log('error', `${agent.name} crashed: ${reason}; back in ${restMs / 1000} s`, {
      stack: error instanceof Error && !(error instanceof HeadcountError) ? error.stack : undefined,
    });
    agent.restart('crashed', reason);
    const { wake } = pool.rest(agent);
    clock.sleepUntil(clock.now() + restMs, this.#signal).then(wake, () => {});
    const said = `${agent.name} crashed: ${reason}`;
    const spent = `it crashed ${MOST_TRIES} agents, the last one was ${agent.name}: ${reason}`;
    await this.#putBack(held, { error, said, spent, restMs });
  }

  /** What came to nothing comes again, unless it has come to nothing too often. */
  async #putBack(held: Tried, { error, said, spent, restMs }: PutBack): Promise<void> {
    if (await this.#wasLast(held.tried, error, said)) await this.#giveUp(held, spent);
    else held.delivery.nak(restMs);
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
  async #giveUp({ agent, delivery }: Held, why: string): Promise<void> {
    try {
      await giveUpOn(this.#ports, delivery.message, 'supervisor', why);
      await delivery.term(why);
    } catch (error) {
      this.#ports.log('error', `${agent.name}: ${delivery.message.id} cannot be given up on: ${reasonOf(error)}`);
      delivery.nak(LONGEST_REST_MS);
    }
  }
}

function spentReason({ reason }: Try): string {
  const last = reason === undefined ? 'each time its process ended without a word' : `once ${reason}`;
  return `${MOST_TRIES} deliveries in a row came to nothing: ${last}`;
}
