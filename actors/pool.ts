// The agents of one role: who is free, and who may take a task. One pool serves all mailboxes of its role, so an agent has
// one thing in hand whatever subject it came from.

import type { StandingName } from '../machines/policy.ts';
import type { Agent } from './agent.ts';

/** Who is asked first. */
const order: Readonly<Record<StandingName, number>> = { lead: 0, trusted: 1, probation: 2, benched: 3 };

export class Pool {
  readonly role: string;
  readonly #agents: Agent[] = [];
  readonly #resting = new Set<Agent>();
  /** Fired, with work in hand. */
  readonly #leaving = new Map<string, Agent>();
  readonly #onFree: () => void;
  readonly #standingOf: (agent: string) => StandingName;
  #promised = 0;

  /**
   * @param onFree called whenever an agent may take something again
   * @param standingOf how far an agent is trusted; everybody alike unless told
   */
  constructor(role: string, onFree: () => void, standingOf: (agent: string) => StandingName = () => 'trusted') {
    this.role = role;
    this.#onFree = onFree;
    this.#standingOf = standingOf;
  }

  get agents(): readonly Agent[] {
    return this.#agents;
  }

  /** Agents that could take one more delivery now, less those promised to deliveries on their way to one. */
  get available(): number {
    const free = this.#inTheGame().filter((agent) => !agent.busy && !this.#resting.has(agent)).length;
    return Math.max(0, free - this.#promised);
  }

  /** Everybody but those on the bench, unless that is everybody: work must not starve. */
  #inTheGame(): readonly Agent[] {
    const up = this.#agents.filter(({ name }) => this.#standingOf(name) !== 'benched');
    return up.length > 0 ? up : this.#agents;
  }

  /** Counts a delivery that will ask for an agent; call the result when it has asked, or will not. */
  promise(): () => void {
    this.#promised += 1;
    let open = true;
    return () => {
      if (open) this.#promised -= 1;
      open = false;
    };
  }

  /** Hires. */
  add(agent: Agent): void {
    this.#agents.push(agent);
    this.#onFree();
  }

  /** Fires; work in hand goes on to its end first. */
  remove(agent: Agent): void {
    this.#agents.splice(this.#agents.indexOf(agent), 1);
    if (agent.busy) this.#leaving.set(agent.name, agent);
    else agent.stop();
  }

  /** Calls back an agent that was fired and still has work in hand. True when there is one of that name. */
  callBack(name: string): boolean {
    const agent = this.#leaving.get(name);
    if (agent) this.#agents.push(agent);
    return this.#leaving.delete(name);
  }

  /**
   * Takes a free agent: leads first, those on probation last, otherwise in the order of their numbers.
   * @param avoid agents that must not have this work, unless they are all there is
   * @param elsewhere agents of the role in the org chart: one that this process has not may be at work in another one
   */
  take(avoid: readonly string[] = [], elsewhere: readonly string[] = []): Agent | undefined {
    const names = [...elsewhere, ...this.#agents.map((agent) => agent.name)];
    const everyone = names.every((name) => avoid.includes(name));
    const allowed = this.#agents.filter((one) => everyone || !avoid.includes(one.name));
    const up = this.#inTheGame().filter((one) => allowed.includes(one));
    // Somebody on the bench who may have it is better than nobody.
    const agent = (up.length > 0 ? up : allowed)
      .filter((one) => !one.busy && !this.#resting.has(one))
      .toSorted((one, other) => order[this.#standingOf(one.name)] - order[this.#standingOf(other.name)])[0];
    if (agent) agent.busy = true;
    return agent;
  }

  /** Gives an agent back; one that was fired meanwhile leaves now. */
  give(agent: Agent): void {
    agent.busy = false;
    if (this.#leaving.delete(agent.name)) agent.stop();
    this.#onFree();
  }

  /** Keeps a crashed agent out until `wake` is called; then it says that it is back. */
  rest(agent: Agent): { wake(): void } {
    this.#resting.add(agent);
    this.give(agent);
    return {
      wake: () => {
        this.#resting.delete(agent);
        if (!this.#agents.includes(agent)) return;
        agent.announce('RESTARTED');
        this.#onFree();
      },
    };
  }
}
