// Durable consumers as the server keeps them: made when missing, brought to the wanted configuration, read back.

import { AckPolicy, type ConsumerConfig, type ConsumerInfo, DeliverPolicy, ReplayPolicy } from 'nats';
import type { Bus, ConsumerSpec } from '../bus.ts';
import { withoutCovered } from '../filters.ts';
import type { Connection } from './connection.ts';
import { apiCode, StreamMismatch } from './errors.ts';
import { streamName } from './stream.ts';
import { Known, OwnMessages } from './wire.ts';

const NANOS = 1_000_000;
const NOT_FOUND = 10014;
/**
 * Unsettled messages at which the server stops delivering. Puller asks only for what is wanted, so this is no flow control; it
 * must leave room for everything that a quota has put off, or the mailbox would wait for itself.
 */
export const MAX_UNSETTLED = 20_000;

export type DurablePlace = {
  /** What this process wrote. */
  readonly own: OwnMessages;
  readonly connection: Connection;
  readonly stream: string;
  readonly prefix: string;
  /** Of the stream; of several some may be behind. */
  readonly copies: number;
  /** How far the stream goes at least, for all this process has heard of it. */
  readonly known: Known;
};

/** Where a company is kept, for a process that has heard nothing of it yet. */
export function placeOf(connection: Connection, company: string, copies: number): DurablePlace {
  const own = new OwnMessages();
  return { connection, stream: streamName(company), prefix: `${company}.`, copies, own, known: new Known() };
}

function configOf(spec: ConsumerSpec, prefix: string) {
  const [first = '', ...others] = withoutCovered(spec.filters).map((filter) => prefix + filter);
  return {
    durable_name: spec.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: spec.ackWaitMs * NANOS,
    max_deliver: -1,
    max_ack_pending: MAX_UNSETTLED,
    // One filter is given as one: with a list, even of one, server 2.10 counts the whole backlog for every message.
    filter_subject: others.length === 0 ? first : '',
    filter_subjects: others.length === 0 ? [] : [first, ...others],
  };
}

type Wanted = ReturnType<typeof configOf>;

type Filters = Pick<ConsumerConfig, 'filter_subject' | 'filter_subjects'>;

function filtersOf({ filter_subject, filter_subjects = [] }: Filters): string[] {
  return filter_subject ? [filter_subject] : filter_subjects;
}

function differing(wanted: Wanted, config: ConsumerConfig): keyof Wanted | undefined {
  const found = { ...config, filter_subject: '', filter_subjects: filtersOf(config) };
  const plain = { ...wanted, filter_subject: '', filter_subjects: filtersOf(wanted) };
  const keys = Object.keys(wanted) as (keyof Wanted)[];
  // A consumer that was made again after its deletion starts where it stopped, which is no difference.
  return keys.find((key) => key !== 'deliver_policy' && JSON.stringify(plain[key]) !== JSON.stringify(found[key]));
}

/**
 * Makes or updates a durable and checks what the server made of it. `resumeAt` is where a durable that was deleted goes on.
 * Throws StreamMismatch, BusFailure.
 */
export async function ensureDurable(place: DurablePlace, spec: ConsumerSpec, resumeAt = 1): Promise<ConsumerInfo> {
  const { connection, stream, prefix } = place;
  const wanted = configOf(spec, prefix);
  const found = await durableInfo(place, spec.durable);
  if (found && !differing(wanted, found.config)) return found;
  const { consumers } = connection.jsm;
  const resumed = { ...wanted, deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: resumeAt };
  const { filter_subject, filter_subjects, ack_wait, max_deliver, max_ack_pending } = wanted;
  const update = { filter_subject, filter_subjects, ack_wait, max_deliver, max_ack_pending };
  await connection.ask(`consume ${spec.durable}`, () =>
    found ? consumers.update(stream, spec.durable, update) : consumers.add(stream, resumeAt > 1 ? resumed : wanted),
  );
  const made = await durableInfo(place, spec.durable);
  const field = made ? differing(wanted, made.config) : 'durable_name';
  if (made && !field) return made;
  throw new StreamMismatch(`${stream}, consumer ${spec.durable}`, field ?? '', wanted, made?.config);
}

/** What the server knows of a durable; undefined when there is none. */
async function durableInfo({ connection, stream }: DurablePlace, durable: string): Promise<ConsumerInfo | undefined> {
  return connection.ask(`look at consumer ${durable}`, async () => {
    try {
      return await connection.jsm.consumers.info(stream, durable);
    } catch (error) {
      if (apiCode(error) === NOT_FOUND) return undefined;
      throw error;
    }
  });
}

/**
 * The sequence up to which everything is settled. The server's own floor is 0 for a durable that began later on the stream and
 * was never acknowledged anything.
 */
export function settledUpTo({ config, ack_floor, delivered, num_ack_pending }: ConsumerInfo): number {
  if (num_ack_pending === 0) return delivered.stream_seq;
  return Math.max(ack_floor.stream_seq, (config.opt_start_seq ?? 1) - 1);
}

/** All durables of the stream, without the ephemeral consumers of taps and replays. Throws BusFailure. */
export async function listDurables(place: DurablePlace): ReturnType<Bus['consumers']> {
  return (await durables(place)).map((info) => ({
    durable: info.name,
    filters: filtersIn(info, place),
    pending: info.num_pending,
    inHand: info.num_ack_pending,
    redelivered: info.num_redelivered,
    floor: settledUpTo(info),
  }));
}

async function durables({ connection, stream }: DurablePlace): Promise<ConsumerInfo[]> {
  return connection.ask('list the consumers', async () => {
    const listed: ConsumerInfo[] = [];
    for await (const info of connection.jsm.consumers.list(stream)) if (info.config.durable_name) listed.push(info);
    return listed;
  });
}

function filtersIn({ config }: ConsumerInfo, { prefix }: DurablePlace): string[] {
  return filtersOf(config).map((filter) => filter.slice(prefix.length));
}

/** Makes durables that are past a sequence again, so that they go on after it. Returns their names. Throws BusFailure. */
export async function rewindDurables(place: DurablePlace, seq: number): Promise<string[]> {
  const { connection, stream } = place;
  const past = (await durables(place)).filter(({ delivered }) => delivered.stream_seq > seq);
  for (const info of past) {
    const { name, config, ack_floor } = info;
    const ackWaitMs = (config.ack_wait ?? 0) / NANOS;
    await connection.ask(`take consumer ${name} back`, () => connection.jsm.consumers.delete(stream, name));
    await ensureDurable(
      place,
      { durable: name, filters: filtersIn(info, place), capacity: () => 0, ackWaitMs },
      Math.min(ack_floor.stream_seq, seq) + 1,
    );
  }
  return past.map(({ name }) => name);
}
