// One agent: the chart brought to life, with its commands in a queue and each transition told to whoever watches.

import { type Actor, createActor, type InspectionEvent, type SnapshotFrom } from 'xstate';
import type { Bus } from '../bus/bus.ts';
import type { AgentMemory } from '../bus/memories.ts';
import { subjects } from '../bus/subjects.ts';
import type { AgentCommand, AgentEvent, AgentMachine, WorkView } from '../machines/agent.ts';

/** The dotted name of a state value: `working.executing`. */
export function stateName(value: SnapshotFrom<AgentMachine>['value']): string {
  if (typeof value === 'string') return value;
  const [[outer = '', inner = ''] = []] = Object.entries(value);
  return `${outer}.${String(inner)}`;
}

export type AgentOptions = {
  readonly name: string;
  readonly role: string;
  readonly machine: AgentMachine;
  readonly bus: Bus;
  readonly now: () => number;
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
};

export class Agent {
  readonly name: string;
  readonly role: string;
  /** True while it has work in hand. */
  busy = false;
  /** What it was told of its last task, which may be on its way to the stream. */
  told: AgentMemory | undefined;
  readonly #options: AgentOptions;
  readonly #commands: AgentCommand[] = [];
  #actor: Actor<AgentMachine>;
  #tells = 0;

  constructor(options: AgentOptions) {
    this.name = options.name;
    this.role = options.role;
    this.#options = options;
    this.#actor = this.#start();
  }

  /** The work in hand, as the chart counts it. */
  get work(): WorkView | undefined {
    return this.#actor.getSnapshot().context.work;
  }

  get state(): string {
    return stateName(this.#actor.getSnapshot().value);
  }

  /**
   * Sends one event and tells the transition.
   * Throws when the chart crashed or was stopped: xstate's `send` returns normally then, and such an agent must not ack.
   */
  send(event: AgentEvent, about: { task?: string; until?: number; reason?: string } = {}): void {
    const before = this.state;
    if (this.#actor.getSnapshot().status === 'stopped') throw new Error(`${this.name} was stopped with work in hand`);
    this.#actor.send(event);
    const { status, error } = this.#actor.getSnapshot();
    if (status === 'error') throw error;
    if (this.state !== before || event.type === 'FAILED') this.#tell(this.state, event.type, about);
  }

  /** The next thing the chart wants done; undefined when it has nothing more to ask. */
  next(): AgentCommand | undefined {
    return this.#commands.shift();
  }

  /** A fresh actor in `idle`: after a crash, after somebody else took its work over, or when the policy changed. */
  restart(
    why: 'crashed' | 'fenced' | 'restarted',
    reason: string,
    machine: AgentMachine = this.#options.machine,
  ): void {
    this.#actor.stop();
    this.#commands.length = 0;
    if (why !== 'restarted') this.#tell(why, why.toUpperCase(), { reason });
    this.#actor = this.#start(machine);
  }

  /** Says that this agent is back, or here for the first time. */
  announce(event: string): void {
    this.#tell(this.state, event, {});
  }

  stop(): void {
    this.#actor.stop();
    this.#tell('gone', 'STOPPED', {});
  }

  #start(machine: AgentMachine = this.#options.machine): Actor<AgentMachine> {
    const actor = createActor(machine, {
      id: this.name,
      input: { agent: this.name },
      ...(this.#options.inspect ? { inspect: this.#options.inspect } : {}),
    });
    actor.on('*', (command) => void this.#commands.push(command));
    actor.subscribe({ error: () => {} });
    actor.start();
    return actor;
  }

  #tell(state: string, event: string, about: { task?: string; until?: number; reason?: string }): void {
    const { bus, now } = this.#options;
    const { work } = this;
    const task = about.task ?? work?.id;
    this.#tells += 1;
    bus.tell(subjects.agentState(this.name), {
      id: `agent.${this.name}.${now()}.${this.#tells}`,
      type: 'agent.changed',
      source: this.name,
      data: {
        agent: this.name,
        role: this.role,
        state,
        event,
        since: now(),
        ...(task === undefined ? {} : { task }),
        ...(work === undefined ? {} : { attempt: work.attempt }),
        ...(about.until === undefined ? {} : { until: about.until }),
        ...(about.reason === undefined ? {} : { reason: about.reason }),
      },
    });
  }
}
