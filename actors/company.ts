// The supervisor: opens a mailbox for every role, keeps the agents alive, ticks the schedules, follows changes of the org
// chart, and ends everything in order. What it may do when is the company chart (machines/company.ts).
//
// Invariants:
//   S1. Work is taken in `running` only; draining finishes what is in hand and takes nothing new.
//   S2. After `stopped` no handler runs and no child process is left.

import { setMaxListeners } from 'node:events';
import { type Actor, createActor } from 'xstate';
import { reasonOf } from '../bus/errors.ts';
import type { StreamHealth } from '../bus/jetstream/guard.ts';
import { subjects } from '../bus/subjects.ts';
import { buildCompanyMachine, type CompanyCommand, type CompanyEvent } from '../machines/company.ts';
import type { Org } from '../org/org.ts';
import { Host } from './host.ts';
import type { Ports } from './ports.ts';
import { Staff } from './staff.ts';
import { keepWatch } from './watchdog.ts';

export type CompanyOptions = {
  readonly ports: Ports;
  /** Roles to run here; all of them when undefined. */
  readonly roles?: readonly string[] | undefined;
  /** Name of this process; `main` unless told. */
  readonly process?: string | undefined;
  /** False while this process may not speak for the company: it serves some roles only, or has lost its name. */
  readonly speaks?: (() => boolean) | undefined;
};

export class Company {
  readonly #ports: Ports;
  readonly #stopNow = new AbortController();
  readonly #closing = new AbortController();
  readonly #staff: Staff;
  readonly #speaks: () => boolean;
  readonly #commands: CompanyCommand[] = [];
  readonly #chart: Actor<ReturnType<typeof buildCompanyMachine>>;
  #taking = false;
  /** What is wrong with the stream, while something is. */
  #trouble: string | undefined;
  /** Whether it takes work again when the stream does. */
  #goesOn = false;
  #working: Promise<void> | undefined;
  #failure: unknown;
  #told = 0;

  constructor({ ports, roles, process, speaks }: CompanyOptions) {
    this.#ports = ports;
    this.#speaks = speaks ?? (() => true);
    // Each step in hand listens to them, and stops when it is over: as many listeners as agents at work are no leak.
    setMaxListeners(0, this.#stopNow.signal, this.#closing.signal);
    const host = new Host(ports, this.#stopNow.signal, this.#closing.signal);
    this.#staff = new Staff({ ports, only: roles, process, host, taking: () => this.#taking });
    const { inspect } = ports;
    this.#chart = createActor(buildCompanyMachine(), { id: 'company', ...(inspect ? { inspect } : {}) });
    this.#chart.on('*', (command) => void this.#commands.push(command));
    this.#chart.start();
  }

  /** `starting`, `running`, `paused`, `draining` or `stopped`. */
  get state(): string {
    return String(this.#chart.getSnapshot().value);
  }

  /** Deliveries in hand here. */
  get inHand(): number {
    return this.#staff.inHand;
  }

  /** Opens the company; resolves when it takes work. Throws what kept a mailbox from opening; everything is closed then. */
  async start(): Promise<void> {
    await this.#tell({ type: 'START', by: 'operator', reason: 'started' });
    if (this.#failure !== undefined) throw this.#failure;
  }

  async pause(by: string, reason: string): Promise<void> {
    this.#goesOn = false;
    await this.#tell({ type: 'PAUSE', by, reason });
  }

  /** While the stream takes nothing it stays paused, and goes on when the stream does. */
  async resume(by: string, reason: string): Promise<void> {
    this.#goesOn = true;
    if (this.#trouble !== undefined) return this.#ports.log('warn', `not resumed yet: ${this.#trouble}`);
    await this.#tell({ type: 'RESUME', by, reason });
  }

  /** Pauses while the stream takes nothing; what is in hand waits with its results. Goes on by itself afterwards. */
  async streamIs(health: StreamHealth): Promise<void> {
    const before = this.#trouble;
    const by = 'supervisor';
    if (health.state === 'sound') {
      this.#trouble = undefined;
      if (before === undefined) return;
      this.#ports.log('warn', 'the stream takes messages again');
      if (this.#goesOn) await this.#tell({ type: 'RESUME', by, reason: 'the stream takes messages again' });
      return;
    }
    if (before === undefined) this.#goesOn = this.state === 'running' || this.state === 'starting';
    this.#trouble = health.reason;
    if (before === health.reason) return;
    const hope = health.state === 'lost' ? '' : '; it goes on by itself when that is over';
    this.#ports.log('warn', `nothing new is taken: ${health.reason}${hope}`);
    await this.#tell({ type: 'PAUSE', by, reason: health.reason });
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
          await this.#staff.open(this.#ports.org());
          keepWatch(this.#ports, this.#closing.signal).catch(() => {});
          this.#chart.send({ type: 'STARTED' });
        } catch (error) {
          // Thrown by `start`, after what is open already has been closed.
          this.#failure = error;
          this.#chart.send({ type: 'FAILED', reason: reasonOf(error) });
        }
        return;
      case 'takeWork':
        this.#taking = true;
        this.#staff.wake();
        return;
      case 'takeNothingNew':
        this.#taking = false;
        return;
      case 'finishWork':
        this.#closing.abort(new Error('the company closes'));
        await this.#staff.close();
        await this.#ports.money.close();
        this.#chart.send({ type: 'DRAINED' });
        return;
      case 'closeConsumers':
        this.#stopNow.abort(new Error('stopped'));
        this.#closing.abort(new Error('the company closes'));
        await this.#staff.close();
        return;
      case 'endChildren':
        await this.#ports.tools.deployer.close();
    }
  }

  async #announce({ state, by, reason }: Extract<CompanyCommand, { type: 'announce' }>): Promise<void> {
    this.#told += 1;
    this.#ports.log('info', `company ${state}: ${reason}`);
    if (!this.#speaks()) return;
    const said = {
      id: `control.company.${this.#ports.clock.now()}.${this.#told}`,
      type: 'control.changed',
      source: 'supervisor',
      data: { scope: 'company', state, by, reason },
    } as const;
    // A company whose stream is gone must still close its mailboxes and end its children.
    const told = this.#ports.bus.publish(subjects.control('company'), said).catch((error: unknown) => {
      this.#ports.log(
        this.#trouble === undefined ? 'error' : 'info',
        `nobody hears that the company is ${state}: ${reasonOf(error)}`,
      );
    });
    // A stream that takes nothing hears of it later.
    if (this.#trouble === undefined) await told;
  }

  /** Makes the running company match a changed org chart: hires, fires, moves; nobody else notices. */
  follow(before: Org, after: Org): Promise<void> {
    this.#ports.money.lookAgain();
    return this.#staff.follow(before, after);
  }
}
