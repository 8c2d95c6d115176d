import type { InspectionEvent } from 'xstate';
import { actorOf, type KnownActor } from './protocol.ts';

/** Actors kept for viewers who join late; beyond that the oldest finished one is forgotten, then the oldest. */
const MOST_ACTORS = 1_000;

/** The actors seen so far, each with its current snapshot. Nothing is copied or serialised until somebody watches. */
export class Roster {
  readonly #actors = new Map<string, KnownActor>();
  readonly #finished = new Set<string>();

  /** Takes note of an event. Returns its actor, and whether this is the first that is heard of it. */
  note(event: InspectionEvent): { readonly actor: KnownActor; readonly isNew: boolean } {
    const { sessionId } = event.actorRef;
    const known = this.#actors.get(sessionId);
    const actor = known ?? actorOf(event);
    if (!known) {
      this.#forgetOldest();
      this.#actors.set(sessionId, actor);
    }
    if (event.type === '@xstate.event') {
      actor.lastEvent = event.event.type;
      actor.events += 1;
    }
    if (event.type === '@xstate.snapshot') {
      actor.snapshot = event.snapshot;
      if (event.snapshot.status !== 'active') this.#finished.add(sessionId);
    }
    return { actor, isNew: known === undefined };
  }

  /** Oldest first, so that parents come before their children. */
  all(): KnownActor[] {
    return [...this.#actors.values()];
  }

  #forgetOldest(): void {
    if (this.#actors.size < MOST_ACTORS) return;
    const [oldest] = [...this.#finished.keys(), ...this.#actors.keys()];
    if (oldest === undefined) return;
    this.#finished.delete(oldest);
    this.#actors.delete(oldest);
  }
}
