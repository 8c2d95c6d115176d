// The supervisor: opens a mailbox for every role, keeps the agents alive, ticks the schedules, follows changes of the org
// chart, and ends everything in order. What it may do when is the company chart (machines/company.ts).
//
// Invariants:
//   S1. Work is taken in `running` only; draining finishes what is in hand and takes nothing new.
//   S2. After `stopped` no handler runs and no child process is left.

import { createActor } from 'xstate';
import type { Consumer } from '../bus/bus.ts';
import { reasonOf } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { type AgentMachine, buildAgentMachine } from '../machines/agent.ts';
import { buildCompanyMachine, type CompanyCommand, type CompanyEvent } from '../machines/company.ts';
import { agentsOf, type Org, type Role, roleOf } from '../org/org.ts';
import { Agent } from './agent.ts';
import type { StandingDuty } from './duty.ts';
import { Host } from './host.ts';
import { Pool } from './pool.ts';
import type { Ports } from './ports.ts';
import { runTicker } from './ticker.ts';

/** How long a delivery may be unsettled, without its handler at work, before it comes back, in ms. */
const ACK_WAIT_MS = 30_000;

type Staffed = {
  role: Role;
  readonly pool: Pool;
  readonly consumers: Consumer[];
  /** Ends the schedules of this role. */
  tickers: AbortController;
};

export type CompanyOptions = {
  readonly ports: Ports;
  /** Roles to run here; all of them when undefined. */
  readonly roles?: readonly string[] | undefined;
};

export class Company {
  readonly #ports: Ports;
  readonly #only: readonly string[] | undefined;
  readonly #host: Host;
  readonly #stopNow = new AbortController();
  readonly #staff = new Map<string, Staffed>();
  readonly #commands: CompanyCommand[] = [];
  readonly #chart = createActor(buildCompanyMachine(), { id: 'company' });
  #taking = false;
  #working: Promise<void> | undefined;
  #told = 0;

  constructor({ ports, roles }: CompanyOptions) {
    this.#ports = ports;
    this.#only = roles;
    this.#host = new Host(ports, this.#stopNow.signal);
    this.#chart.on('*', (command) => void this.#commands.push(command));
    this.#chart.start();
  }

  /** `starting`, `running`, `paused`, `draining` or `stopped`. */
  get state(): string {
    return String(this.#chart.getSnapshot().value);
  }

  /** Deliveries in hand here. */
  get inHand(): number {
    return [...this.#staff.values()].flatMap(({ consumers }) => consumers).reduce((sum, one) => sum + one.inHand, 0);
  }

  /** Opens the company; resolves when it takes work. */
  async start(): Promise<void> {
    await this.#tell({ type: 'START', by: 'operator', reason: 'started' });
  }

  async pause(by: string, reason: string): Promise<void> {
    await this.#tell({ type: 'PAUSE', by, reason });
  }

  async resume(by: string, reason: string): Promise<void> {
    await this.#tell({ type: 'RESUME', by, reason });
  }

  /** Finishes what is in hand and closes. Called again meanwhile: stops at once. */
  async drain(reason: string): Promise<void> {
    await this.#tell({ type: 'DRAIN', by: 'operator', reason });
  }

  /** Ends at once: what is in hand comes back to whoever runs next. */
  async stop(reason: string): Promise<void> {
    await this.#tell({ type: 'STOP', by: 'operator', reason });
  }

  async #tell(event: CompanyEvent): Promise<void> {
    this.#chart.send(event);
    // One caller works the commands off; what comes in meanwhile joins the line, and a stop does not wait in it.
    if (this.#stopNowAsked()) this.#stopNow.abort(new Error('stopped'));
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
    await this.#working;
  }

  #stopNowAsked(): boolean {
    return this.#commands.some((command) => command.type === 'closeConsumers');
  }

  async #work(): Promise<void> {
    for (let command = this.#commands.shift(); command; command = this.#commands.shift()) await this.#perform(command);
  }

  async #perform(command: CompanyCommand): Promise<void> {
    switch (command.type) {
      case 'announce':
        return this.#announce(command);
      case 'openConsumers':
        try {
          for (const role of this.#ports.org().roles) await this.#hire(role);
          this.#chart.send({ type: 'STARTED' });
        } catch (error) {
          this.#chart.send({ type: 'FAILED', reason: reasonOf(error) });
          throw error;
        }
        return;
      case 'takeWork':
        this.#taking = true;
        this.#wake();
        return;
      case 'takeNothingNew':
        this.#taking = false;
        return;
      case 'finishWork':
        await this.#close();
        this.#chart.send({ type: 'DRAINED' });
        return;
      case 'closeConsumers':
        this.#stopNow.abort(new Error('stopped'));
        await this.#close();
        return;
      case 'endChildren':
        await this.#ports.tools.deployer.close();
    }
  }

  async #announce({ state, by, reason }: Extract<CompanyCommand, { type: 'announce' }>): Promise<void> {
    this.#told += 1;
    this.#ports.log('info', `company ${state}: ${reason}`);
    await this.#ports.bus.publish(subjects.control('company'), {
      id: `control.company.${this.#ports.clock.now()}.${this.#told}`,
      type: 'control.changed',
      source: 'supervisor',
      data: { scope: 'company', state, by, reason },
    });
  }

  #wake(): void {
    for (const { consumers } of this.#staff.values()) for (const consumer of consumers) consumer.wake();
  }

  /** Opens the mailboxes of a role and puts its agents behind them. */
  async #hire(role: Role): Promise<void> {
    if (this.#only && !this.#only.includes(role.name)) return;
    const pool = new Pool(role.name, () => this.#wake());
    const staffed: Staffed = { role, pool, consumers: [], tickers: new AbortController() };
    this.#staff.set(role.name, staffed);
    const machine = buildAgentMachine(role.policy);
    for (const name of agentsOf(role)) this.#seat(staffed, name, machine);
    await this.#open(staffed, role.name, [subjects.tasksFor(role.name)], undefined);
    for (const name of role.duties) {
      const duty = this.#ports.duties.get(name);
      if (duty?.kind !== 'standing') continue;
      const ticks = role.schedule[name] === undefined ? [] : [subjects.clock(name)];
      const filters = [...duty.filters, ...ticks];
      // One durable a subject: with several filters in one, nats-server 2.10 counts the whole backlog at each message.
      for (const [index, filter] of filters.entries()) {
        const [topic] = filter.split('.');
        const durable = index === 0 ? `${role.name}-${name}` : `${role.name}-${name}-${topic}`;
        await this.#open(staffed, durable, [filter], duty);
      }
    }
    this.#tick(staffed);
  }

  #seat({ pool, role }: Staffed, name: string, machine: AgentMachine): void {
    const { bus, clock, inspect } = this.#ports;
    const agent = new Agent({ name, role: role.name, machine, bus, now: () => clock.now(), inspect });
    agent.announce('HIRED');
    pool.add(agent);
  }

  async #open(staffed: Staffed, durable: string, filters: string[], duty: StandingDuty | undefined): Promise<void> {
    const { pool, consumers } = staffed;
    const mailbox = { pool, role: () => staffed.role, duty };
    let opened: Consumer | undefined;
    const capacity = () => (this.#taking ? (opened?.inHand ?? 0) + pool.available : 0);
    opened = await this.#ports.bus.consume({ durable, filters, capacity, ackWaitMs: ACK_WAIT_MS }, (delivery) =>
      this.#host.receive(mailbox, delivery),
    );
    consumers.push(opened);
    opened.wake();
  }

  #tick({ role, tickers }: Staffed): void {
    const { bus, clock, inspect, log } = this.#ports;
    for (const [duty, cadence] of Object.entries(role.schedule)) {
      runTicker({ bus, clock, inspect }, duty, cadence, tickers.signal).catch((error: unknown) => {
        if (!tickers.signal.aborted) log('error', `schedule ${duty} stopped: ${reasonOf(error)}`);
      });
    }
  }

  async #close(): Promise<void> {
    for (const { tickers } of this.#staff.values()) tickers.abort(new Error('closing'));
    await Promise.all([...this.#staff.values()].flatMap(({ consumers }) => consumers).map((one) => one.close()));
    for (const { pool } of this.#staff.values()) for (const agent of pool.agents) agent.stop();
    this.#staff.clear();
  }

  /** Makes the running company match a changed org chart: hires, fires, moves; nobody else notices. */
  async follow(before: Org, after: Org): Promise<void> {
    for (const role of before.roles) {
      if (!roleOf(after, role.name)) await this.#fire(role.name);
    }
    for (const role of after.roles) {
      const staffed = this.#staff.get(role.name);
      if (staffed) await this.#change(staffed, role);
      else await this.#hire(role);
    }
  }

  async #fire(name: string): Promise<void> {
    const staffed = this.#staff.get(name);
    if (!staffed) return;
    this.#staff.delete(name);
    staffed.tickers.abort(new Error('fired'));
    await Promise.all(staffed.consumers.map((consumer) => consumer.close()));
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
    const names = agentsOf(role);
    staffed.role = role;
    for (const agent of [...staffed.pool.agents]) {
      if (names.includes(agent.name)) continue;
      staffed.pool.remove(agent);
      agent.stop();
    }
    const machine = buildAgentMachine(role.policy);
    const seated = staffed.pool.agents.map((agent) => agent.name);
    for (const name of names) if (!seated.includes(name)) this.#seat(staffed, name, machine);
  }
}
