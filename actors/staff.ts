// Who is at work in this process: for each role its agents, the mailboxes they share and the schedules of its duties.

import type { Consumer } from '../bus/bus.ts';
import { reasonOf } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { type AgentMachine, agentMachineOf } from '../machines/agent.ts';
import { agentsOf, type Org, type Role, roleOf } from '../org/org.ts';
import { Agent } from './agent.ts';
import { asksModels, type StandingDuty } from './duty.ts';
import type { Host } from './host.ts';
import { standingNow } from './learned.ts';
import { Pool } from './pool.ts';
import type { Ports } from './ports.ts';
import { agentAt, MAIN } from './processes.ts';
import { runTicker } from './ticker.ts';

/** How long a delivery may be unsettled, without its handler at work, before it comes back, in ms. */
const ACK_WAIT_MS = 30_000;

/** How long after a restart agents that have nothing to do say that they are back, ms. */
const BACK_MS = 10_000;

type Staffed = {
  role: Role;
  readonly pool: Pool;
  readonly consumers: Consumer[];
  /** Ends the schedules of this role. */
  readonly tickers: AbortController;
};

export type StaffOptions = {
  readonly ports: Ports;
  /** Roles to run here; all of them when undefined. */
  readonly only: readonly string[] | undefined;
  /** Name of this process; `main` unless told. */
  readonly process?: string | undefined;
  readonly host: Host;
  /** True while work may be taken. */
  readonly taking: () => boolean;
};

export class Staff {
  readonly #options: StaffOptions;
  readonly #staffed = new Map<string, Staffed>();
  /** Changes of the org chart, one after the other. */
  #changing: Promise<void> = Promise.resolve();
  /** Agents whose process died under them. */
  readonly #back: Agent[] = [];
  readonly #gone = new AbortController();
  #closed = false;
  /** Stops hearing of the models. */
  #unlisten: (() => void) | undefined;

  constructor(options: StaffOptions) {
    this.#options = options;
  }

  /** Deliveries in hand. */
  get inHand(): number {
    let sum = 0;
    for (const { consumers } of this.#staffed.values()) for (const consumer of consumers) sum += consumer.inHand;
    return sum;
  }

  /** Looks again whether waiting deliveries can be taken. */
  wake(): void {
    for (const { consumers } of this.#staffed.values()) wakeAll(consumers);
  }

  /** Opens the mailboxes of everybody in the chart. */
  async open(org: Org): Promise<void> {
    this.#unlisten = this.#options.ports.reach?.onChange(() => this.wake());
    await allEnded(org.roles.map((role) => this.#hire(role)));
    this.#sayBack().catch(() => {});
  }

  /** Ends the schedules, then waits for what is in hand. A change of the org chart that is under way ends first. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unlisten?.();
    this.#gone.abort(new Error('closing'));
    for (const { tickers } of this.#staffed.values()) tickers.abort(new Error('closing'));
    await this.#changing.catch(() => {});
    await Promise.all([...this.#staffed.keys()].map((name) => this.#fire(name)));
    this.#options.ports.reach?.close();
  }

  /** Hires, fires and moves until the staff is that of `after`. */
  follow(before: Org, after: Org): Promise<void> {
    const change = this.#changing.catch(() => {}).then(() => this.#follow(before, after));
    this.#changing = change;
    return change;
  }

  async #follow(before: Org, after: Org): Promise<void> {
    for (const role of before.roles) {
      if (!roleOf(after, role.name)) await this.#fire(role.name);
    }
    for (const role of after.roles) {
      const staffed = this.#staffed.get(role.name);
      if (staffed) await this.#change(staffed, role);
      else await this.#hire(role);
    }
  }

  /** Opens the mailboxes of a role and puts its agents behind them. */
  async #hire(role: Role): Promise<void> {
    const { ports, only } = this.#options;
    if (this.#closed || (only && !only.includes(role.name))) return;
    const consumers: Consumer[] = [];
    const pool = new Pool(
      role.name,
      () => wakeAll(consumers),
      (agent) => standingNow(ports.board.learned, ports.org().standing, agent, ports.clock),
    );
    const staffed: Staffed = { role, pool, consumers, tickers: new AbortController() };
    this.#staffed.set(role.name, staffed);
    // The server looks for the mailboxes while the agents are seated; nothing is delivered before this function waits.
    const opening = [this.#open(staffed, role.name, [subjects.tasksFor(role.name)], undefined)];
    for (const name of role.duties) {
      const duty = ports.duties.get(name);
      if (duty?.kind !== 'standing') continue;
      const ticks = role.schedule[name] === undefined ? [] : [subjects.clock(name)];
      const filters = [...duty.filters, ...ticks];
      if (filters.length > 0) opening.push(this.#open(staffed, `${role.name}-${name}`, filters, duty));
    }
    const machine = agentMachineOf(role.policy);
    for (const name of this.#namesOf(role)) this.#seat(staffed, name, machine);
    await allEnded(opening);
    if (!this.#closed) this.#tick(staffed);
  }

  #namesOf(role: Role): string[] {
    return agentsOf(role).map((agent) => agentAt(agent, this.#options.process ?? MAIN));
  }

  #seat({ pool, role }: Staffed, name: string, machine: AgentMachine): void {
    const { bus, clock, inspect } = this.#options.ports;
    const agent = new Agent({ name, role: role.name, machine, bus, now: () => clock.now(), inspect });
    if (this.#isBack(name)) this.#back.push(agent);
    else agent.announce('HIRED');
    pool.add(agent);
  }

  /** True for an agent whose process died under it: it may have its work again before anybody could read that it is back. */
  #isBack(name: string): boolean {
    const told = this.#options.ports.board.state.agents.get(name);
    return told !== undefined && told.state !== 'gone' && told.state !== 'idle';
  }

  /** Those who are back and got nothing to do say so, once what was left is taken up. */
  async #sayBack(): Promise<void> {
    const { clock, board } = this.#options.ports;
    if (this.#back.length === 0) return;
    await clock.sleepUntil(clock.now() + BACK_MS, this.#gone.signal);
    for (const agent of this.#back.splice(0)) {
      if (agent.state === 'idle' && board.state.agents.get(agent.name)?.state !== 'idle') agent.announce('RESTARTED');
    }
  }

  async #open(staffed: Staffed, durable: string, filters: string[], duty: StandingDuty | undefined): Promise<void> {
    const { ports, host, taking } = this.#options;
    const { pool, consumers } = staffed;
    const mailbox = { pool, role: () => staffed.role, duty };
    let opened: Consumer | undefined;
    const capacity = () => {
      if (!taking()) return 0;
      const free = pool.available;
      const { reach } = ports;
      const room = reach && free > 0 && this.#thinks(staffed.role, duty) ? reach.room(staffed.role) : free;
      return (opened?.inHand ?? 0) + Math.min(free, room);
    };
    opened = await ports.bus.consume({ durable, filters, capacity, ackWaitMs: ACK_WAIT_MS }, (delivery) =>
      host.receive(mailbox, delivery),
    );
    consumers.push(opened);
    opened.wake();
  }

  /** True for a mailbox whose work asks a model of ours. */
  #thinks(role: Role, duty: StandingDuty | undefined): boolean {
    return duty ? duty.thinks === true : asksModels(role, this.#options.ports.duties);
  }

  #tick({ role, tickers }: Staffed): void {
    const { bus, clock, inspect, log } = this.#options.ports;
    for (const [duty, cadence] of Object.entries(role.schedule)) {
      runTicker({ bus, clock, inspect }, duty, cadence, tickers.signal).catch((error: unknown) => {
        if (!tickers.signal.aborted) log('error', `schedule ${duty} stopped: ${reasonOf(error)}`);
      });
    }
  }

  /** Closes a role's mailboxes; resolves when what its agents have in hand has ended. */
  async #fire(name: string): Promise<void> {
    const staffed = this.#staffed.get(name);
    if (!staffed) return;
    staffed.tickers.abort(new Error('fired'));
    await Promise.all(staffed.consumers.map((consumer) => consumer.close()));
    // Until here it counts as being there: whoever closes the company waits for it.
    if (this.#staffed.get(name) === staffed) this.#staffed.delete(name);
    for (const agent of staffed.pool.agents) agent.stop();
  }

  /** A role with other duties or another schedule gets new mailboxes; other changes take effect in place. */
  async #change(staffed: Staffed, role: Role): Promise<void> {
    const duties = (one: Role) => JSON.stringify([one.duties, one.schedule]);
    const policy = (one: Role) => JSON.stringify(one.policy);
    if (duties(staffed.role) !== duties(role) || policy(staffed.role) !== policy(role)) {
      await this.#fire(role.name);
      return this.#hire(role);
    }
    const names = this.#namesOf(role);
    staffed.role = role;
    for (const agent of [...staffed.pool.agents]) if (!names.includes(agent.name)) staffed.pool.remove(agent);
    const machine = agentMachineOf(role.policy);
    const seated = staffed.pool.agents.map((agent) => agent.name);
    for (const name of names)
      if (!seated.includes(name) && !staffed.pool.callBack(name)) this.#seat(staffed, name, machine);
  }
}

/** Waits until all have ended, so that what was opened can be closed; then throws the first failure. */
async function allEnded(ends: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(ends)) if (end.status === 'rejected') throw end.reason;
}

/** Lets mailboxes look again whether waiting deliveries can be taken. */
function wakeAll(consumers: readonly Consumer[]): void {
  for (const consumer of consumers) consumer.wake();
}
