// What a memory bus keeps: the messages with their indexes, the durables and the blobs. It outlives the bus that writes it,
// as a stream on disk does.

import { createHash } from 'node:crypto';
import type { Published, Stored } from '../bus.ts';
import { StaleWrite } from '../errors.ts';
import { isExact } from '../filters.ts';
import type { Message } from '../messages.ts';
import type { Durable } from './durable.ts';

/** A bus that is to hear of what happens on the stream. */
export interface Watcher {
  /** Messages were stored. */
  stored(): void;
  /** A durable has something to hand out again. */
  returned(durable: string): void;
}

export class MemoryStream {
  /** Position `seq - 1` holds sequence `seq`. */
  readonly messages: Stored[] = [];
  readonly durables = new Map<string, Durable>();
  readonly #ids = new Map<string, { seq: number; at: number }>();
  readonly #subjects = new Map<string, number[]>();
  readonly #blobs = new Map<string, Uint8Array>();
  #watchers: Watcher[] = [];
  #measured = 0;
  #bytes = 0;

  get lastSeq(): number {
    return this.messages.length;
  }

  /** Length of all messages as JSON; those that were measured before are not measured again. */
  get bytes(): number {
    for (; this.#measured < this.messages.length; this.#measured += 1) {
      this.#bytes += Buffer.byteLength(JSON.stringify(this.messages[this.#measured]?.message));
    }
    return this.#bytes;
  }

  /** Tells a bus of every message from now on. Returns a function that ends it. */
  watch(watcher: Watcher): () => void {
    this.#watchers = [...this.#watchers, watcher];
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
    };
  }

  /** Tells the buses of what was stored; with several each has its turn at being the first. */
  tell(): void {
    const watchers = this.#watchers;
    for (let step = 0; step < watchers.length; step += 1) {
      watchers[(this.lastSeq + step) % watchers.length]?.stored();
    }
  }

  /** Tells the buses that a durable has something again; `last` hears of it after the others. */
  tellReturned(durable: string, last?: Watcher): void {
    for (const watcher of this.#watchers) if (watcher !== last) watcher.returned(durable);
    if (last && this.#watchers.includes(last)) last.returned(durable);
  }

  /** The dedupe window is over for every id. */
  forgetIds(): void {
    this.#ids.clear();
  }

  at(seq: number): Stored | undefined {
    return this.messages[seq - 1];
  }

  last(subject: string): Stored | undefined {
    return this.at(this.#subjects.get(subject)?.at(-1) ?? 0);
  }

  /** Stores a message unless its id is known. Throws StaleWrite. */
  append(message: Message, at: number, options: { expectedLastSeq?: number; dedupeWindowMs: number }): Published {
    const known = this.#ids.get(message.id);
    if (known && at - known.at <= options.dedupeWindowMs) return { seq: known.seq, duplicate: true };
    const { expectedLastSeq } = options;
    if (expectedLastSeq !== undefined) {
      const own = this.#ownWrite(message, expectedLastSeq);
      if (own) return { seq: own.seq, duplicate: true };
      const last = this.last(message.subject)?.seq ?? 0;
      if (last !== expectedLastSeq) throw new StaleWrite(message.subject, expectedLastSeq);
    }
    return { seq: this.put(message, at), duplicate: false };
  }

  /** Stores a message as it is. */
  put(message: Message, at: number): number {
    const seq = this.messages.length + 1;
    this.messages.push({ seq, subject: message.subject, message });
    this.#ids.set(message.id, { seq, at });
    const onSubject = this.#subjects.get(message.subject);
    if (onSubject) onSubject.push(seq);
    else this.#subjects.set(message.subject, [seq]);
    return seq;
  }

  /**
   * Our own earlier try at a write that expected `expected`. If it succeeded it is the first message on the subject after
   * that, whoever wrote on top of it since; the last one is looked at for a writer that has read something older.
   */
  #ownWrite(message: Message, expected: number): Stored | undefined {
    const onSubject = this.#subjects.get(message.subject) ?? [];
    const candidates = [onSubject.at(-1), onSubject[after(onSubject, expected)]];
    return candidates.map((seq) => this.at(seq ?? 0)).find((stored) => stored?.message.id === message.id);
  }

  /** Messages from `fromSeq` to `untilSeq` whose subject matches; for one exact subject only those are looked at. */
  *range(filter: string, matching: (subject: string) => boolean, fromSeq: number, untilSeq: number): Generator<Stored> {
    if (isExact(filter)) {
      const onSubject = this.#subjects.get(filter) ?? [];
      for (let index = after(onSubject, fromSeq - 1); index < onSubject.length; index += 1) {
        const stored = this.at(onSubject[index] ?? 0);
        if (!stored || stored.seq > untilSeq) return;
        yield stored;
      }
      return;
    }
    for (let seq = Math.max(1, fromSeq); seq <= untilSeq; seq += 1) {
      const stored = this.at(seq);
      if (stored && matching(stored.subject)) yield stored;
    }
  }

  putBlob(bytes: Uint8Array): string {
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (!this.#blobs.has(digest)) this.#blobs.set(digest, bytes.slice());
    return digest;
  }

  blob(digest: string): Uint8Array | undefined {
    return this.#blobs.get(digest)?.slice();
  }
}

/** Index of the first of the ascending sequences that is greater than `seq`. */
function after(sequences: readonly number[], seq: number): number {
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sequences[middle] ?? 0) > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}
