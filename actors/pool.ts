// The agents of one role: who is free, and who may take a task. One pool serves all mailboxes of its role, so an agent has
// one thing in hand whatever subject it came from.

import type { StandingName } from '../machines/policy.ts';
import type { Agent } from './agent.ts';

/** Who is asked first. */
const order: Readonly<Record<StandingName, number>> = { lead: 0, trusted: 1, probation: 2, benched: 3 };

type Seated = { readonly agent: Agent; readonly standing: StandingName };

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
    // Asked whenever anything comes or goes: who stands where is looked at only when somebody is free.
    const anyFree = this.#agents.some((agent) => this.#isFree(agent));
    return anyFree ? Math.max(0, this.#free(this.#agents).length - this.#promised) : 0;
  }

  #isFree(agent: Agent): boolean {
    return !agent.busy && !this.#resting.has(agent);
  }

  /** Who of some agents is free. Nobody on the bench, unless all of them are on it: work must not starve. */
  #free(some: readonly Agent[]): readonly Seated[] {
    const free: Seated[] = [];
    let anyUp = false;
    for (const agent of some) {
      const isFree = this.#isFree(agent);
      // Where somebody is up, whoever is at work changes nothing.
      if (!isFree && anyUp) continue;
      const standing = this.#standingOf(agent.name);
      anyUp ||= standing !== 'benched';
      if (isFree) free.push({ agent, standing });
    }
    return anyUp ? free.filter(({ standing }) => standing !== 'benched') : free;
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
    // Somebody on the bench who may have it is better than nobody.
    const free = this.#free(everyone ? this.#agents : this.#agents.filter(({ name }) => !avoid.includes(name)));
    const agent = free.toSorted((one, other) => order[one.standing] - order[other.standing])[0]?.agent;
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
