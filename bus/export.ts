// A company in one file, as JSON Lines, byte for byte the same for the same company:
//   {"export":"headcount","version":2,"company":"acme","at":"2026-01-05T17:00:00.000Z","lastSeq":3,"org":null,"products":false,"sum":"6b86b273ff34fce1"}
//   {"seq":1,"of":3,"message":{...},"sum":"..."}         each message; `of` is the last sequence of all
//   {"blob":"<sha256>","base64":"...","sum":"..."}        what messages refer to
//   {"durable":"cto-decompose","filters":["ceo.directives"],"floor":2,"sum":"..."}
//   {"product":"golinks","bundle":"<base64>","sum":"..."} a git bundle
//   {"extra":"ledger","base64":"...","sum":"..."}         for those who know it
//   {"end":true,"lines":7,"sum":"..."}
// `sum` is the start of the sha256 of the sum before it and of the line up to here, so that an edit is noticed at the line it
// was made. There is no wall time in it: `at` is the time of the last message.
// export-read.ts reads it.

import { createHash } from 'node:crypto';
import type { Bus, Stored } from './bus.ts';
import { BusFailure } from './errors.ts';
import { createChain, EXPORT_VERSION, type ExportHeader, type ProductBundle } from './export-format.ts';
import { readExported } from './export-read.ts';
import { compileFilters } from './filters.ts';
import { blobsIn, type DurablePosition, durablePositions } from './import.ts';
import type { Message } from './messages.ts';
import { createProductFacts, type ProductFacts } from './product-facts.ts';
import { subjects } from './subjects.ts';

export type ExportParts = {
  /** Reads the product repositories as they were when the last message was written; left out of the file without it. */
  readonly products?: ((facts: readonly ProductFacts[]) => AsyncIterable<ProductBundle>) | undefined;
  /** The last sequence wanted; the last one of the stream unless told. */
  readonly untilSeq?: number | undefined;
  /** Where the durables are taken to be; as the bus has them unless told. */
  readonly durables?: readonly DurablePosition[] | undefined;
  /** What else goes along, by name. */
  readonly extras?: ReadonlyMap<string, Uint8Array> | undefined;
};

/**
 * A company, one line a piece, each with its line feed. Consistent while the company runs: what is settled now was recorded
 * before the last sequence that goes along.
 * Throws BusFailure, also for a blob that is not kept any more.
 */
export async function* exportLines(bus: Bus, parts: ExportParts = {}): AsyncGenerator<string> {
  const durables = parts.durables ?? (await durablePositions(bus));
  const lastSeq = Math.min(parts.untilSeq ?? Number.POSITIVE_INFINITY, (await bus.info()).lastSeq);
  const chain = createChain();
  yield chain(headerOf(await factsOf(bus, lastSeq, parts.products !== undefined)));
  const facts = createProductFacts();
  const blobs = new Set<string>();
  const places = durables.map((position) => ({ position, matching: compileFilters(position.filters), next: 0 }));
  for await (const { seq, message } of bus.replay({ filter: '>', untilSeq: lastSeq })) {
    facts.told(message);
    for (const digest of blobsIn(message)) blobs.add(digest);
    for (const place of places) {
      if (place.next === 0 && seq > place.position.floor && place.matching(message.subject)) place.next = seq;
    }
    yield chain(`{"seq":${seq},"of":${lastSeq},"message":${ordered(message)}`);
  }
  for (const digest of [...blobs].sort()) {
    yield chain(`{"blob":"${digest}","base64":"${base64(await bus.getBlob(digest))}"`);
  }
  for (const { position, next } of places.sort(byName)) {
    const { durable, filters, settled = [] } = position;
    // Just before what waits: where a bus says it is, depends on the bus.
    const known = { durable, filters, floor: next === 0 ? lastSeq : next - 1 };
    yield chain(JSON.stringify(settled.length > 0 ? { ...known, settled } : known).slice(0, -1));
  }
  for await (const { slug, bundle } of parts.products?.(facts.all()) ?? []) {
    yield chain(`{"product":${JSON.stringify(slug)},"bundle":"${base64(bundle)}"`);
  }
  for (const [name, bytes] of parts.extras ?? []) {
    yield chain(`{"extra":${JSON.stringify(name)},"base64":"${base64(bytes)}"`);
  }
  yield chain(`{"end":true,"lines":${chain.lines + 1}`);
}

/** The messages of an export. Throws ExportInvalid (export-read.ts) when it is truncated, edited or something else. */
export function readExport(text: string): Stored[] {
  return readExported(text).messages;
}

function headerOf(header: ExportHeader): string {
  const { company, at, lastSeq, org, products } = header;
  const line = { export: 'headcount', version: EXPORT_VERSION, company, at, lastSeq, org, products };
  return JSON.stringify(line).slice(0, -1);
}

async function factsOf(bus: Bus, lastSeq: number, products: boolean): Promise<ExportHeader> {
  let at: string | null = null;
  let org: string | null = null;
  if (lastSeq > 0) {
    for await (const { message } of bus.replay({ filter: '>', fromSeq: lastSeq, untilSeq: lastSeq })) at = message.time;
    for await (const { message } of bus.replay({ filter: subjects.org, untilSeq: lastSeq })) {
      if (message.type === 'org.changed') org = createHash('sha256').update(message.data.text).digest('hex');
    }
    if (at === null) throw unreadable(lastSeq);
  }
  return { company: bus.company, at, lastSeq, org, products };
}

function unreadable(seq: number): BusFailure {
  return new BusFailure(
    'EXPORT_UNREADABLE',
    `sequence ${seq}, the last one, is no message of ours`,
    'find out who writes to this stream; `headcount fork --at` goes back before it',
  );
}

/** JSON with the attributes in one order, however the message came here. */
function ordered(message: Message): string {
  const { specversion, id, type, source, time, subject, datacontenttype, data, correlationid, causationid } = message;
  const head = { specversion, id, type, source, time, subject, datacontenttype };
  return JSON.stringify({ ...head, data, correlationid, causationid });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

type Placed = { readonly position: DurablePosition };

function byName({ position: a }: Placed, { position: b }: Placed): number {
  return a.durable < b.durable ? -1 : a.durable > b.durable ? 1 : 0;
}
