// Reads of what the stream holds: the last message on a subject, the next one, and a range of them.

import { setTimeout as wait } from 'node:timers/promises';
import { ErrorCode, type MsgRequest, NatsError } from 'nats';
import type { Range, Stored } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { ForeignMessage } from '../errors.ts';
import { isExact } from '../filters.ts';
import type { DurablePlace } from './consumers.ts';
import { apiCode, refusal } from './errors.ts';
import { infoOf, UnsureLeader } from './leader.ts';
import type { Letter } from './letter.ts';
import { Reader } from './reader.ts';
import { type Arrival, storedOf, textOf } from './wire.ts';

/** The leader's code for "no message found"; a direct get answers 404. */
const NO_MESSAGE = 10037;
/** A subject with at most this many messages is read with direct gets, which cost less than a consumer. */
const FEW = 16;
/** How far the server's clock and ours may differ. */
const SKEW_MS = 60_000;
const ANSWER_MS = 5_000;
/** How long a copy that is behind the others is given before it is looked at again. */
const BEHIND_MS = 250;

type Found = { seq: number; subject: string; data: Uint8Array };
type Query = { last_by_subj: string } | { seq: number; next_by_subj: string };

/** Any copy answers. Undefined = it has no such message. */
async function getDirect({ connection, stream }: DurablePlace, query: Query): Promise<Found | undefined> {
  const msg = await connection.nc.request(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), {
    timeout: ANSWER_MS,
  });
  const { headers, data } = msg;
  if (!headers || headers.code === 404) return undefined;
  if (headers.hasError) throw refusal('read the stream', undefined, headers.status);
  return { seq: Number(headers.get('Nats-Sequence')), subject: headers.get('Nats-Subject'), data };
}

/** That there is nothing is believed of a leader that the others follow, and that has all this process has heard of. */
async function getFromLeader(
  { connection, stream, copies, known }: DurablePlace,
  query: Query,
): Promise<Found | undefined> {
  try {
    return await connection.jsm.streams.getMessage(stream, query as MsgRequest);
  } catch (error) {
    if (apiCode(error) !== NO_MESSAGE) throw error;
  }
  if (copies === 1) return undefined;
  const subject = 'last_by_subj' in query ? query.last_by_subj : undefined;
  const { state } = await infoOf(connection.jsm, stream, subject);
  if (state.last_seq < known.seq || (subject !== undefined && state.subjects?.[subject] !== undefined))
    throw new UnsureLeader(stream, 'does not know of everything that was confirmed');
  return undefined;
}

/** Of several copies the leader is asked: the others may not have yet what was confirmed, or what a delivery is about. */
async function get(place: DurablePlace, query: Query): Promise<Found | undefined> {
  return place.connection.ask('read the stream', async () => {
    if (place.copies > 1) return getFromLeader(place, query);
    try {
      return await getDirect(place, query);
    } catch (error) {
      if (error instanceof NatsError && error.code === ErrorCode.NoResponders) return getFromLeader(place, query);
      throw error;
    }
  });
}

function parsed({ prefix, own }: DurablePlace, message: Found): Stored {
  const subject = message.subject.slice(prefix.length);
  const read = storedOf(own, message.seq, subject, message.data);
  if (read.ok) return read.stored;
  throw new ForeignMessage(subject, message.seq, read.reason, textOf(message.data));
}

/** The last message on a subject. Throws BusFailure. */
export async function lastOn(place: DurablePlace, subject: string): Promise<Stored | undefined> {
  const message = await get(place, { last_by_subj: place.prefix + subject });
  return message && parsed(place, message);
}

/** The first message on a subject at or after a sequence. */
async function nextOn(place: DurablePlace, subject: string, seq: number): Promise<Stored | undefined> {
  const message = await get(place, { seq, next_by_subj: place.prefix + subject });
  return message && parsed(place, message);
}

/**
 * The sequence of our own earlier try at a refused write, if it was stored. Then it is the first message on the subject after
 * the one it expected, whoever wrote on top of it since; the last one is looked at for a writer that has read something older.
 * Throws BusFailure.
 */
export async function ownWrite(
  place: DurablePlace,
  { subject, id, expected = 0 }: Letter,
): Promise<number | undefined> {
  const wire = place.prefix + subject;
  for (const query of [{ last_by_subj: wire }, { seq: expected + 1, next_by_subj: wire }]) {
    const message = await get(place, query);
    const read = message && storedOf(place.own, message.seq, subject, message.data);
    if (read?.ok && read.stored.message.id === id) return read.stored.seq;
  }
  return undefined;
}

/** What the stream holds now in a range, in order. Throws BusFailure. */
export async function* replayRange(
  place: DurablePlace,
  range: Range,
  clock: Clock,
  log: (line: string) => void,
): AsyncGenerator<Stored> {
  const { filter, since, fromSeq = 1 } = range;
  const until = Math.min(range.untilSeq ?? Number.POSITIVE_INFINITY, await lastMatching(place, filter));
  const inTime = (stored: Stored) => since === undefined || Date.parse(stored.message.time) >= since;
  let next = Math.max(1, fromSeq);
  if (isExact(filter) && since === undefined) {
    for (let count = 0; count < FEW; count += 1) {
      const stored = next <= until ? await nextOn(place, filter, next).catch(asForeign) : undefined;
      if (!stored || stored.seq > until) return;
      if (!(stored instanceof ForeignMessage)) yield stored;
      else if (range.foreign) range.foreign(stored);
      else log(stored.message);
      next = stored.seq + 1;
    }
  }
  if (next > until) return;
  // The server knows the wall's time; only a clock that goes with it can be looked up there.
  const wall = since === undefined || fromSeq > 1 ? undefined : clock.wall(since);
  const fromTime = wall === undefined ? undefined : new Date(wall - SKEW_MS).toISOString();
  for await (const stored of readRange(place, {
    filter,
    fromSeq: next,
    fromTime,
    until,
    foreign: range.foreign,
    bytes: range.bytes,
    log,
  })) {
    if (inTime(stored)) yield stored;
  }
}

/** A range goes on behind what does not parse. */
function asForeign(error: unknown): ForeignMessage {
  if (error instanceof ForeignMessage) return error;
  throw error;
}

async function lastMatching(place: DurablePlace, filter: string): Promise<number> {
  if (isExact(filter)) return (await get(place, { last_by_subj: place.prefix + filter }))?.seq ?? 0;
  const { connection, stream } = place;
  return (await connection.ask(`read ${filter}`, () => infoOf(connection.jsm, stream))).state.last_seq;
}

type Reading = {
  filter: string;
  fromSeq: number;
  fromTime?: string | undefined;
  until: number;
  /** Without what the messages hold. */
  bare?: boolean;
  foreign?: Range['foreign'];
  bytes?: Range['bytes'];
  log: (line: string) => void;
};

async function* readRange(place: DurablePlace, reading: Reading): AsyncGenerator<Stored> {
  const { foreign, bytes, log } = reading;
  for await (const { seq, subject, data } of arrivals(place, reading)) {
    const read = storedOf(place.own, seq, subject, data);
    if (read.ok) {
      bytes?.(data);
      yield read.stored;
    } else if (foreign) foreign({ seq, subject, reason: read.reason });
    else log(`sequence ${seq} is no message of ours: ${read.reason}`);
  }
}

/** Which sequences a range of a filter has, in order, whatever they hold. Throws BusFailure. */
export async function* seqsIn(
  place: DurablePlace,
  range: { readonly filter: string; readonly fromSeq: number; readonly untilSeq: number },
  log: (line: string) => void,
): AsyncGenerator<number> {
  const { filter, fromSeq, untilSeq: until } = range;
  if (fromSeq > until) return;
  for await (const { seq } of arrivals(place, { filter, fromSeq, until, bare: true, log })) yield seq;
}

/**
 * A copy of a cluster that is behind the others gives what it has and says that nothing waits; only the leader knows whether that
 * was all.
 */
async function* arrivals(place: DurablePlace, reading: Reading): AsyncGenerator<Arrival> {
  const { until } = reading;
  const buffer: Arrival[] = [];
  let ended = false;
  let last = reading.fromTime === undefined ? reading.fromSeq - 1 : undefined;
  /** The copy has no more, for now. */
  let dry = false;
  let wake = () => {};
  const reader = await Reader.open({
    ...place,
    ...reading,
    opened: (waiting) => {
      dry = waiting === 0;
      wake();
    },
    arrived: (arrival) => {
      place.known.note(arrival.seq);
      if (arrival.seq <= until) buffer.push(arrival);
      last = arrival.seq;
      ended ||= arrival.seq >= until;
      dry = arrival.pending === 0;
      wake();
    },
  });
  try {
    for (;;) {
      for (let arrival = buffer.shift(); arrival; arrival = buffer.shift()) {
        yield arrival;
        reader.took();
      }
      if (ended) return;
      if (dry) {
        dry = false;
        if (last === undefined || (await isAll(place, reading, last))) return;
        await wait(BEHIND_MS);
        // Another copy may be asked then.
        if (!ended && buffer.length === 0) await reader.again();
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (ended || dry || buffer.length > 0) resolve();
      });
    }
  } finally {
    await reader.close();
  }
}

/** True when a range holds nothing behind a sequence. Where there is one copy, it has said so already. */
async function isAll(place: DurablePlace, { filter, until }: Reading, seq: number): Promise<boolean> {
  if (place.copies === 1) return true;
  const next = await get(place, { seq: seq + 1, next_by_subj: place.prefix + filter });
  return next === undefined || next.seq > until;
}
