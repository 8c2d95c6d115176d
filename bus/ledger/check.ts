// Compares a stream with a ledger: is everything still there, and is it what it was?

import type { Bus } from '../bus.ts';
import { Sum } from './chain.ts';
import type { Damage } from './errors.ts';
import { markOf, type Pages } from './lines.ts';

/** A stream up to this length is read whole at every start; of a longer one only the end. */
const WHOLE = 10_000;
/** How much of a long stream is read. */
const TAIL = 4_096;

type Checked = { readonly ok: true; readonly from: number; readonly to: number };
export type Verdict = Checked | { readonly ok: false; readonly damage: Damage };

/**
 * Reads the stream and compares. `all` reads everything; else long streams are read at their end only, and what else is
 * known of them (length, holes) is compared as well. Throws BusFailure.
 */
export async function checkStream(bus: Pick<Bus, 'info' | 'replay'>, pages: Pages, all: boolean): Promise<Verdict> {
  const { lastSeq, messages } = await bus.info();
  const mark = markOf(pages);
  const { beginning, links } = pages;
  const holes = Math.max(0, lastSeq - messages - beginning.missing);
  const suspect = lastSeq < mark || holes > 0;
  const first = all || suspect || mark <= WHOLE ? 0 : firstLinkWithin(links, mark - TAIL);
  const from = (links[first - 1]?.seq ?? beginning.begins - 1) + 1;
  const wrong = await compare(bus, pages, first, from, Math.min(lastSeq, mark));
  if (!suspect && !wrong) return { ok: true, from, to: mark };
  return { ok: false, damage: describe(pages, { lastSeq, mark, holes, wrong }) };
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

async function compare(
  bus: Pick<Bus, 'replay'>,
  { links }: Pages,
  first: number,
  from: number,
  until: number,
): Promise<Wrong | undefined> {
  if (until < from) return undefined;
  let at = first;
  const sum = new Sum(links[at - 1]?.sum ?? '');
  let lineFrom = from;
  let gap: number | undefined;
  let next = from;
  const differs = (): Wrong | undefined => {
    const link = links[at];
    if (!link || sum.digest() === link.sum) {
      sum.begin(link?.sum ?? '');
      lineFrom = (link?.seq ?? 0) + 1;
      at += 1;
      gap = undefined;
      return undefined;
    }
    return gap === undefined ? { seq: lineFrom, by: link.seq } : { seq: gap, by: gap };
  };
  for await (const stored of bus.replay({ filter: '>', fromSeq: from, untilSeq: until })) {
    for (let link = links[at]; link && link.seq < stored.seq; link = links[at]) {
      if (next <= link.seq) gap ??= next;
      const wrong = differs();
      if (wrong) return wrong;
    }
    if (stored.seq > next) gap ??= next;
    sum.add(stored);
    next = stored.seq + 1;
  }
  for (let link = links[at]; link && link.seq <= until; link = links[at]) {
    if (next <= link.seq) gap ??= next;
    const wrong = differs();
    if (wrong) return wrong;
  }
  return undefined;
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
