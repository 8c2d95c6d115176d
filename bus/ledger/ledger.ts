// The high-water mark and the hash chain of a stream, kept outside the server: a stream that was cut, rolled back or changed
// on its disk does not know it, and would go on with sequences that others have seen before.
//
// Invariants:
//   L1. A line is written only of messages that the stream has shown, in order: the ledger may be behind, never ahead.
//   L2. A line is on disk before the next one is written; a cut last line counts for nothing.
//   L3. Noting a message never waits for the disk, and a ledger that cannot be written stops nobody: it says so and tries on.

import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Stored } from '../bus.ts';
import { reasonOf } from '../errors.ts';
import { Sum } from './chain.ts';
import { type Beginning, type Link, markOf, openLedgerFile, type Pages, readLedger, replaceLedger } from './lines.ts';

/** A line speaks of at most this many messages, so that a damage is told within as many. */
const LONGEST = 256;
/** A line is written at most this often. */
const EVERY_MS = 200;

export class Ledger {
  readonly path: string;
  readonly #log: (line: string) => void;
  #file: FileHandle | undefined;
  #pages: Pages | undefined;
  /** Of the line that is being gathered. */
  readonly #sum: Sum;
  #last: number;
  #count = 0;
  #tasks = new Set<string>();
  #line: (Beginning | Link)[] = [];
  #writing: Promise<void> | undefined;
  /** Bytes of whole lines. */
  #length = 0;
  #failed = false;
  #held = false;
  readonly #ending = new AbortController();

  private constructor(path: string, pages: Pages | undefined, log: (line: string) => void) {
    this.path = path;
    this.#pages = pages;
    this.#log = log;
    this.#last = pages ? markOf(pages) : 0;
    this.#sum = new Sum(pages?.links.at(-1)?.sum ?? '');
  }

  /** Opens the ledger at a path; it begins with the first message it is told. Throws LedgerDamaged. */
  static async open(path: string, log: (line: string) => void): Promise<Ledger> {
    const read = await readLedger(path);
    const ledger = new Ledger(path, read, log);
    await ledger.#openAt(read?.length ?? 0);
    return ledger;
  }

  /** What it knew when it was opened; undefined for one that is new. */
  get pages(): Pages | undefined {
    return this.#pages;
  }

  /** The last sequence that it was told; 0 when none. */
  get last(): number {
    return this.#last;
  }

  /** True while it writes nothing. */
  get held(): boolean {
    return this.#held;
  }

  /** Forgets what it knew: the stream begins again. Returns where that is kept, if it knew anything. */
  async startOver(why: string, begins = 1, missing = 0): Promise<string | undefined> {
    await this.#file?.close();
    const pages = { beginning: { begins, why, missing }, links: [] };
    const kept = await replaceLedger(this.path, pages);
    const read = await readLedger(this.path);
    await this.#openAt(read?.length ?? 0);
    this.#pages = pages;
    this.#last = begins - 1;
    this.#sum.begin('');
    return kept;
  }

  async #openAt(length: number): Promise<void> {
    this.#file = await openLedgerFile(this.path, length);
    this.#length = length;
  }

  /**
   * Notes a message that the stream has shown; one that is noted already is passed over.
   * @param bytes the message as the stream holds it, where that is at hand
   */
  seen(stored: Stored, bytes?: Uint8Array): void {
    if (stored.seq <= this.#last || this.#file === undefined) return;
    if (this.#pages === undefined) {
      const beginning = { begins: stored.seq, why: 'first seen', missing: 0 };
      this.#pages = { beginning, links: [] };
      this.#line.push(beginning);
    }
    this.#last = stored.seq;
    this.#sum.add(stored, bytes);
    this.#count += 1;
    const { subject } = stored;
    if (subject.startsWith('task.')) this.#tasks.add(subject.slice('task.'.length));
    if (this.#count === LONGEST) this.#endLine();
    this.#begin();
  }

  /** Nothing is written until it is released: what is seen meanwhile may turn out not to be what it was. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    if (this.#count > 0 || this.#line.length > 0) this.#begin();
  }

  #begin(): void {
    if (!this.#held) this.#writing ??= this.#write();
  }

  /** Writes what is gathered and closes; what is held back is forgotten. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#writing;
    if (!this.#held) {
      if (this.#count > 0) this.#endLine();
      await this.#flush();
    }
    await this.#file?.close();
    this.#file = undefined;
  }

  #endLine(): void {
    const sum = this.#sum.digest();
    const tasks = this.#tasks.size > 0 ? { tasks: [...this.#tasks] } : {};
    this.#line.push({ seq: this.#last, sum, ...tasks });
    this.#sum.begin(sum);
    this.#count = 0;
    this.#tasks = new Set();
  }

  async #write(): Promise<void> {
    await wait(EVERY_MS, undefined, { signal: this.#ending.signal }).catch(() => {});
    if (this.#ending.signal.aborted) return;
    if (this.#count > 0) this.#endLine();
    await this.#flush();
    this.#writing = undefined;
    if (this.#count > 0 || this.#line.length > 0) this.#writing = this.#write();
  }

  async #flush(): Promise<void> {
    const lines = this.#line.splice(0);
    const file = this.#file;
    if (lines.length === 0 || file === undefined) return;
    try {
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      await file.truncate(this.#length);
      await file.appendFile(text);
      await file.datasync();
      this.#length += Buffer.byteLength(text);
      this.#failed = false;
    } catch (error) {
      // Written with the next lines; what is half there is cut off first.
      this.#line.unshift(...lines);
      if (!this.#failed) this.#log(`the ledger ${this.path} cannot be written now: ${reasonOf(error)}`);
      this.#failed = true;
    }
  }
}
