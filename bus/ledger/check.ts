// Compares a stream with a ledger: is everything still there, and is it what it was?

import type { Bus, Stored } from '../bus.ts';
import { Sum } from './chain.ts';
import type { Damage } from './errors.ts';
import { type Link, markOf, type Pages } from './lines.ts';

/** A stream up to this length is read whole at every start; of a longer one only the end. */
const WHOLE = 10_000;
/** How much of a long stream is read. */
const TAIL = 4_096;

type Checked = { readonly ok: true; readonly from: number; readonly to: number };
export type Verdict = Checked | { readonly ok: false; readonly damage: Damage };

/** What a stream says of itself. */
type Length = { readonly lastSeq: number; readonly messages: number };

/**
 * One comparison of a stream with a ledger, fed by whoever reads the stream. Unless it is to compare everything, long streams
 * are compared at their end only, and what else is known of them (length, holes) is compared as well.
 */
export class Check {
  readonly #pages: Pages;
  readonly #length: Length;
  readonly #comparison: Comparison;
  /** The part of the stream that must be shown, in order. */
  readonly from: number;
  readonly until: number;

  constructor(pages: Pages, length: Length, all: boolean) {
    const { beginning, links } = pages;
    this.#pages = pages;
    this.#length = length;
    const mark = markOf(pages);
    const first = all || this.suspect || mark <= WHOLE ? 0 : firstLinkWithin(links, mark - TAIL);
    this.from = (links[first - 1]?.seq ?? beginning.begins - 1) + 1;
    this.until = Math.min(length.lastSeq, mark);
    this.#comparison = new Comparison(links, first, this.from, this.until);
  }

  /** True when its length alone says that it is not what it was. */
  get suspect(): boolean {
    return this.#length.lastSeq < markOf(this.#pages) || this.#holes > 0;
  }

  /** True when nothing that follows can change the verdict. */
  get decided(): boolean {
    return this.#comparison.wrong !== undefined;
  }

  get #holes(): number {
    const { lastSeq, messages } = this.#length;
    return Math.max(0, lastSeq - messages - this.#pages.beginning.missing);
  }

  /** @param bytes the message as the stream holds it, where that is at hand */
  look(stored: Stored, bytes?: Uint8Array): void {
    if (stored.seq >= this.from && stored.seq <= this.until && !this.decided) this.#comparison.add(stored, bytes);
  }

  /** Call it when everything up to `until` has been shown. */
  verdict(): Verdict {
    const wrong = this.until < this.from ? undefined : this.#comparison.end();
    const mark = markOf(this.#pages);
    if (!this.suspect && !wrong) return { ok: true, from: this.from, to: mark };
    const { lastSeq } = this.#length;
    return { ok: false, damage: describe(this.#pages, { lastSeq, mark, holes: this.#holes, wrong }) };
  }
}

/** Reads the stream and compares; `all` compares everything. Throws BusFailure. */
export async function checkStream(bus: Pick<Bus, 'info' | 'replay'>, pages: Pages, all: boolean): Promise<Verdict> {
  const check = new Check(pages, await bus.info(), all);
  const { from: fromSeq, until: untilSeq } = check;
  if (fromSeq > untilSeq) return check.verdict();
  let raw: Uint8Array | undefined;
  const bytes = (one: Uint8Array) => {
    raw = one;
  };
  for await (const stored of bus.replay({ filter: '>', fromSeq, untilSeq, bytes })) {
    check.look(stored, raw);
    if (check.decided) break;
  }
  return check.verdict();
}

function firstLinkWithin(links: Pages['links'], seq: number): number {
  const index = links.findIndex((link) => link.seq >= seq);
  return index === -1 ? links.length : index;
}

type Wrong = {
  /** The first sequence that is missing, or the first of the line whose sum differs. */
  readonly seq: number;
  /** The last sequence that may be the first bad one. */
  readonly by: number;
};

/** The lines of a ledger, one after the other, beside what the stream shows. */
class Comparison {
  readonly #links: Pages['links'];
  readonly #until: number;
  readonly #sum: Sum;
  #at: number;
  #lineFrom: number;
  /** What the line under way is of. */
  #line: Stored[] = [];
  #raw = false;
  #gap: number | undefined;
  #next: number;
  wrong: Wrong | undefined;

  constructor(links: Pages['links'], first: number, from: number, until: number) {
    this.#links = links;
    this.#until = until;
    this.#at = first;
    this.#lineFrom = from;
    this.#next = from;
    this.#sum = new Sum(links[first - 1]?.sum ?? '');
  }

  add(stored: Stored, bytes: Uint8Array | undefined): void {
    this.#endLines(stored.seq - 1);
    if (stored.seq > this.#next) this.#gap ??= this.#next;
    this.#sum.add(stored, bytes);
    this.#raw ||= bytes !== undefined;
    this.#line.push(stored);
    this.#next = stored.seq + 1;
  }

  end(): Wrong | undefined {
    this.#endLines(this.#until);
    return this.wrong;
  }

  #endLines(upTo: number): void {
    for (let link = this.#links[this.#at]; link && link.seq <= upTo && !this.wrong; link = this.#links[this.#at]) {
      if (this.#next <= link.seq) this.#gap ??= this.#next;
      if (!this.#isSumOf(link)) this.wrong = this.#wrongIn(link);
      this.#sum.begin(link.sum);
      this.#lineFrom = link.seq + 1;
      this.#at += 1;
      this.#line = [];
      this.#raw = false;
      this.#gap = undefined;
    }
  }

  #isSumOf(link: Link): boolean {
    if (this.#sum.digest() === link.sum) return true;
    // A line may be of the one spelling of messages that somebody else has spelled otherwise.
    if (!this.#raw) return false;
    const spelled = new Sum(this.#links[this.#at - 1]?.sum ?? '');
    for (const stored of this.#line) spelled.add(stored);
    return spelled.digest() === link.sum;
  }

  #wrongIn({ seq }: Link): Wrong {
    return this.#gap === undefined ? { seq: this.#lineFrom, by: seq } : { seq: this.#gap, by: this.#gap };
  }
}

type Facts = {
  readonly lastSeq: number;
  readonly mark: number;
  readonly holes: number;
  readonly wrong: Wrong | undefined;
};

function describe({ links }: Pages, { lastSeq, mark, holes, wrong }: Facts): Damage {
  const firstBad = Math.min(wrong?.seq ?? Number.POSITIVE_INFINITY, lastSeq < mark ? lastSeq + 1 : mark);
  const cut = Math.max(0, mark - lastSeq);
  const tasks = new Set<string>();
  for (const link of links) {
    if (link.seq >= firstBad) for (const task of link.tasks ?? []) tasks.add(task);
  }
  return {
    kind: cut > 0 ? 'short' : holes > 0 ? 'holes' : 'changed',
    firstBad,
    firstBadBy: Math.max(firstBad, wrong?.by ?? firstBad),
    missing: cut + holes,
    mark,
    lastSeq,
    tasks: [...tasks],
  };
}
