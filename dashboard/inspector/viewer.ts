import type { WebSocket } from 'ws';
import type { KnownActor, Wire } from './protocol.ts';

/** A viewer with this much unread is let go; it gets current snapshots when it joins again. In bytes. */
const MOST_UNREAD = 4 * 1024 * 1024;
/** So is one that has this many actors still to be told of. */
const MOST_WAITING = 4_000;

/**
 * One browser that watches.
 *
 * V1. What happens to an actor is told only after the actor was introduced; its introduction carries the snapshot of then.
 * V2. Introductions wait for one another, so that a large company does not count as a viewer that reads too slowly.
 */
export class Viewer {
  readonly #socket: WebSocket;
  readonly #wire: Wire;
  readonly #introduced = new Set<string>();
  readonly #waiting: KnownActor[] = [];
  #busy = false;

  constructor(socket: WebSocket, wire: Wire) {
    this.#socket = socket;
    this.#wire = wire;
  }

  /** False once it has left or was let go. */
  get watching(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  introduce(actors: readonly KnownActor[]): void {
    this.#waiting.push(...actors);
    if (this.#waiting.length > MOST_WAITING) this.#socket.terminate();
    else if (!this.#busy) this.#introduceNext();
  }

  happened(sessionId: string, text: string): void {
    if (!this.watching || !this.#introduced.has(sessionId)) return;
    if (this.#socket.bufferedAmount > MOST_UNREAD) this.#socket.terminate();
    else this.#socket.send(text);
  }

  #introduceNext(): void {
    const actor = this.watching ? this.#waiting.shift() : undefined;
    this.#busy = actor !== undefined;
    if (!actor) return;
    this.#introduced.add(actor.sessionId);
    this.#socket.send(this.#wire.introduce(actor), () => this.#introduceNext());
  }
}
