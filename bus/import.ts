// Writes a whole company into an empty stream: messages under the sequences they had, blobs, and where each durable was.
// For restoring a backup, importing an export and forking a company.
//
// Invariants:
//   R1. Every message gets the sequence it had; a stream that gives it another one is refused and removed.
//   R2. A durable goes on after what was settled in all of the messages that are written, so open work is delivered again.
//   R3. Nothing is half there: what was made is removed when it cannot be finished.

import type { Bus, Stored } from './bus.ts';
import { HeadcountError, reasonOf } from './errors.ts';
import { Blobs } from './jetstream/blobs.ts';
import { Connection } from './jetstream/connection.ts';
import { ensureDurable, placeOf } from './jetstream/consumers.ts';
import { handOutOnce } from './jetstream/handed-out.ts';
import { blobsName, ensureStream, findStreamState, type Owner, removeStream, streamName } from './jetstream/stream.ts';
import { Durable } from './memory/durable.ts';
import type { MemoryStream } from './memory/stream.ts';
import type { Message } from './messages.ts';

/** Where a durable consumer is. */
export type DurablePosition = {
  readonly durable: string;
  /** Relative to the company. */
  readonly filters: readonly string[];
  /** Everything it listens to up to this sequence is settled. */
  readonly floor: number;
  /** What is settled above that; the rest is delivered again, as work that was handed out before. */
  readonly settled?: readonly number[] | undefined;
};

/** An empty place for a company. */
export type ImportTarget =
  | {
      readonly kind: 'jetstream';
      readonly servers: string | readonly string[];
      readonly company: string;
      readonly owner: Owner;
      readonly replicas?: number;
      readonly log?: (line: string) => void;
    }
  | { readonly kind: 'memory'; readonly stream: MemoryStream };

export type ImportOptions = {
  readonly blobs?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly durables?: readonly DurablePosition[];
};

/** A company that cannot be written as it was. Exit code 3. */
export class ImportRefused extends HeadcountError {
  override readonly name = 'ImportRefused';
  constructor(reason: string, next: string, cause?: unknown) {
    super('IMPORT_REFUSED', reason, next, { exit: 3, cause });
  }
}

/** How many messages are on their way at once. */
const WINDOW = 500;
const ACK_WAIT_MS = 30_000;
/** Where a sequence that held no message of ours is filled up; nobody listens there, and every reader passes over it. */
const FILLER = 'void';

/**
 * Writes it; `messages` in order, with ascending sequences.
 * Throws ImportRefused for a stream that is not empty or gives other sequences, what ensureStream throws, BusFailure.
 */
export async function importStream(
  target: ImportTarget,
  messages: Iterable<Stored> | AsyncIterable<Stored>,
  options: ImportOptions = {},
): Promise<{ readonly lastSeq: number; readonly blobs: number }> {
  return target.kind === 'memory'
    ? intoMemory(target.stream, messages, options)
    : intoJetStream(target, messages, options);
}

/** Where the durables of a company are, to be asked for before its last sequence: what is settled later is done again. */
export async function durablePositions(bus: Bus): Promise<DurablePosition[]> {
  return (await bus.consumers()).map(({ durable, filters, floor }) => ({ durable, filters, floor }));
}

/** The digests of the blobs that a message refers to: the result of a step, and what its model was sent. */
export function blobsIn(message: Message): readonly string[] {
  if (message.type !== 'task.stepped' && message.type !== 'job.stepped') return [];
  const { blob, prompt } = message.data.step;
  return [blob, prompt].filter((digest) => digest !== undefined);
}

async function intoMemory(
  stream: MemoryStream,
  messages: Iterable<Stored> | AsyncIterable<Stored>,
  { blobs = [], durables = [] }: ImportOptions,
): Promise<{ lastSeq: number; blobs: number }> {
  if (stream.lastSeq > 0) throw notEmpty('the memory stream', stream.lastSeq);
  for await (const { seq, message } of messages) {
    const given = stream.put(message, Date.parse(message.time));
    if (given !== seq) throw moved(seq, given);
  }
  let kept = 0;
  for await (const bytes of blobs) {
    stream.putBlob(bytes);
    kept += 1;
  }
  for (const { durable, filters, floor, settled = [] } of durables) {
    const made = new Durable(durable, filters);
    made.startAfter(Math.min(floor, stream.lastSeq));
    for (let held = made.next(stream); held; held = made.next(stream)) {
      if (settled.includes(held.stored.seq)) made.settle(held);
    }
    made.giveBack();
    stream.durables.set(durable, made);
  }
  return { lastSeq: stream.lastSeq, blobs: kept };
}

async function intoJetStream(
  target: Extract<ImportTarget, { kind: 'jetstream' }>,
  messages: Iterable<Stored> | AsyncIterable<Stored>,
  { blobs = [], durables = [] }: ImportOptions,
): Promise<{ lastSeq: number; blobs: number }> {
  const { servers, company, owner, replicas = 1, log = () => {} } = target;
  const connection = await Connection.open({ servers, company, log });
  try {
    const there = await findStreamState(connection, company);
    if (there && there.last_seq > 0) throw notEmpty(`stream ${streamName(company)}`, there.last_seq);
    await ensureStream(connection, company, owner, replicas);
    try {
      const lastSeq = await writeAll(connection, company, messages);
      const store = new Blobs(connection, blobsName(company), replicas);
      let kept = 0;
      for await (const bytes of blobs) {
        await store.put(bytes);
        kept += 1;
      }
      const place = placeOf(connection, company, replicas);
      for (const { durable, filters, floor, settled } of durables) {
        const spec = { durable, filters, capacity: () => 0, ackWaitMs: ACK_WAIT_MS };
        const made = await ensureDurable(place, spec, Math.min(floor, lastSeq) + 1);
        await handOutOnce(place, made, new Set(settled));
      }
      return { lastSeq, blobs: kept };
    } catch (error) {
      await removeStream(connection, company).catch((cause: unknown) =>
        log(`it could not be removed: ${reasonOf(cause)}`),
      );
      throw error;
    }
  } finally {
    await connection.close();
  }
}

/** Each write names the sequence before it, so that the server itself refuses whatever would move one. */
async function writeAll(
  connection: Connection,
  company: string,
  messages: Iterable<Stored> | AsyncIterable<Stored>,
): Promise<number> {
  const js = connection.nc.jetstream();
  const encoder = new TextEncoder();
  // An id that was used again after the stream had forgotten it must not be dropped now.
  const ids = new Set<string>();
  let lastSeq = 0;
  let line: Promise<void>[] = [];
  const put = (subject: string, text: string, id: string | undefined) => {
    const expected = lastSeq;
    lastSeq += 1;
    const seq = lastSeq;
    const fresh = id !== undefined && !ids.has(id);
    if (fresh) ids.add(id);
    const options = { expect: { lastSequence: expected }, timeout: 30_000, ...(fresh ? { msgID: id } : {}) };
    line.push(
      js.publish(`${company}.${subject}`, encoder.encode(text), options).then(
        (ack) => {
          if (ack.seq !== seq || ack.duplicate) throw moved(seq, ack.seq);
        },
        (error: unknown) => {
          throw new ImportRefused(
            `sequence ${seq} could not be written: ${reasonOf(error)}`,
            'see that nobody else writes to this company and that the server has room, then do it again',
            error,
          );
        },
      ),
    );
  };
  const settle = async () => {
    const waiting = line;
    line = [];
    const failed = (await Promise.allSettled(waiting)).find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  };
  try {
    for await (const { seq, subject, message } of messages) {
      if (seq <= lastSeq) throw moved(seq, lastSeq + 1);
      while (lastSeq + 1 < seq) put(FILLER, '', undefined);
      put(subject, JSON.stringify(message), message.id);
      if (line.length >= WINDOW) await settle();
    }
  } finally {
    await settle();
  }
  return lastSeq;
}

function notEmpty(what: string, lastSeq: number): ImportRefused {
  return new ImportRefused(`${what} holds ${lastSeq} messages already`, 'give the company another name: --as <name>');
}

function moved(seq: number, given: number): ImportRefused {
  return new ImportRefused(
    `sequence ${seq} would become ${given}`,
    'see that nobody else writes to this company, then do it again',
  );
}
