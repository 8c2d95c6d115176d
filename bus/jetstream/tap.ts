// A tap: every matching message in order, as it is stored. Reads through a consumer, because a plain subscription would also
// see writes that the stream refused.

import type { Range, Stored } from '../bus.ts';
import { compileFilters } from '../filters.ts';
import type { DurablePlace } from './consumers.ts';
import { infoOf } from './leader.ts';
import type { Onlooker, Progress } from './progress.ts';
import { Reader } from './reader.ts';
import { storedOf } from './wire.ts';

export type Tap = { close(): Promise<void> };

/** Opens a tap; without `fromSeq` it begins after the stream's last message. Throws BusFailure. */
export async function openTap(
  place: DurablePlace,
  range: Pick<Range, 'filter' | 'fromSeq' | 'foreign'>,
  progress: Progress,
  told: (stored: Stored, bytes: Uint8Array) => void,
  log: (line: string) => void,
): Promise<Tap> {
  const { connection, stream, prefix, own, known } = place;
  const { filter } = range;
  const now = () => infoOf(connection.jsm, stream);
  const fromSeq = range.fromSeq ?? (await connection.ask(`tap ${filter}`, now)).state.last_seq + 1;
  const matching = compileFilters([filter]);
  let expected = 0;
  let seen = 0;
  let waiting = 0;
  const onlooker: Onlooker = {
    published(subject, seq) {
      if (seq >= fromSeq && seq > expected && matching(subject)) expected = seq;
    },
    get settled() {
      return waiting === 0 && seen >= expected;
    },
  };
  progress.add(onlooker);
  const opening = Reader.open({
    connection,
    stream,
    prefix,
    filter,
    fromSeq,
    log,
    opened: (count) => {
      waiting = count;
    },
    arrived: ({ seq, subject, data, pending }) => {
      known.note(seq);
      const read = storedOf(own, seq, subject, data);
      if (read.ok) told(read.stored, data);
      else if (range.foreign) range.foreign({ seq, subject, reason: read.reason });
      else log(`tap ${filter}: sequence ${seq} is no message of ours: ${read.reason}`);
      seen = seq;
      waiting = pending;
      reader?.took();
      progress.moved();
    },
  });
  let reader: Reader | undefined;
  try {
    reader = await opening;
  } catch (error) {
    progress.remove(onlooker);
    throw error;
  }
  return {
    async close() {
      progress.remove(onlooker);
      await reader.close();
    },
  };
}
