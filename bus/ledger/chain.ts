// What a ledger's sums are of: the sequence, the subject and the message as the stream holds it; where its bytes are not at
// hand, in one spelling, which is that of every message written by this program.

import { createHash } from 'node:crypto';
import type { Stored } from '../bus.ts';

/** A message in its one spelling: what `seal` makes of it, as JSON. */
function spelled({ message }: Stored): Buffer {
  const { specversion, id, type, source, time, subject, datacontenttype, data, correlationid, causationid } = message;
  const head = { specversion, id, type, source, time, subject, datacontenttype };
  return Buffer.from(JSON.stringify({ ...head, data, correlationid, causationid }));
}

/** Gathered before it is summed: many small pieces cost more than one large one. */
const GATHERED = 65_536;

/** A sum over messages and the sum before them: 32 hexadecimal digits. */
export class Sum {
  readonly #buffer = Buffer.allocUnsafe(GATHERED);
  #length = 0;
  #hash = createHash('sha256');

  constructor(before: string) {
    this.#put(Buffer.from(before));
  }

  /** Begins again, after another sum. */
  begin(before: string): void {
    this.#hash = createHash('sha256');
    this.#length = 0;
    this.#put(Buffer.from(before));
  }

  /** @param bytes the message as the stream holds it, where that is at hand */
  add(stored: Stored, bytes?: Uint8Array): void {
    this.#put(Buffer.from(`\n${stored.seq} ${stored.subject} `));
    this.#put(bytes ?? spelled(stored));
  }

  /** Ends it; `begin` starts the next one. */
  digest(): string {
    this.#spill();
    return this.#hash.digest('hex').slice(0, 32);
  }

  #put(bytes: Uint8Array): void {
    if (this.#length + bytes.length > GATHERED) this.#spill();
    if (bytes.length > GATHERED) this.#hash.update(bytes);
    else {
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  #spill(): void {
    if (this.#length > 0) this.#hash.update(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }
}
