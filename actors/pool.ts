// The agents of one role: who is free, and who may take a task. One pool serves all mailboxes of its role, so an agent has
// one thing in hand whatever subject it came from.

import type { Agent } from './agent.ts';

export class Pool {
  readonly role: string;
  readonly #agents: Agent[] = [];
  readonly #resting = new Set<Agent>();
  readonly #onFree: () => void;
  #promised = 0;

  /**
   * @param onFree called whenever an agent may take something again
   */
  constructor(role: string, onFree: () => void) {
    this.role = role;
    this.#onFree = onFree;
  }

  get agents(): readonly Agent[] {
    return this.#agents;
  }

  /** Agents that could take one more delivery now, less those promised to deliveries on their way to one. */
  get available(): number {
    const free = this.#agents.filter((agent) => !agent.busy && !this.#resting.has(agent)).length;
    return Math.max(0, free - this.#promised);
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
    if (!agent.busy) agent.stop();
  }

  /**
   * Takes a free agent, in the order of their numbers.
   * @param avoid agents that must not have this work, unless they are all there is
   * @param elsewhere agents of the role in the org chart: one that this process has not may be at work in another one
   */
  take(avoid: readonly string[] = [], elsewhere: readonly string[] = []): Agent | undefined {
    const names = [...elsewhere, ...this.#agents.map((agent) => agent.name)];
    const everyone = names.every((name) => avoid.includes(name));
    const agent = this.#agents.find(
      (one) => !one.busy && !this.#resting.has(one) && (everyone || !avoid.includes(one.name)),
    );
    if (agent) agent.busy = true;
    return agent;
  }

  /** Gives an agent back; one that was fired meanwhile leaves now. */
  give(agent: Agent): void {
    agent.busy = false;
    if (!this.#agents.includes(agent)) agent.stop();
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
