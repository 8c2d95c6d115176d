// Work that dead processes were delivered comes back at once, not after its ack wait: whoever opens a mailbox gives back what
// no living process holds. JetStream takes a nak from anyone for any unsettled message of a durable; one that is settled
// already is passed over. A message that a living process holds after all is delivered twice and done once, since results are
// fenced.

import type { ConsumerInfo } from 'nats';
import type { DurablePlace } from './consumers.ts';

export type Leftovers = {
  /** Sequences of the durable's subjects in a range of the stream, in order. */
  readonly between: (fromSeq: number, untilSeq: number) => AsyncIterable<number>;
  /** Sequences that living processes hold. */
  readonly elsewhere: () => Promise<ReadonlySet<number>>;
};

/**
 * Gives back everything unsettled that nobody alive holds, oldest first.
 * @param info the durable before anyone was asked what they hold
 * Returns how many messages were given back; those that were settled meanwhile count too.
 */
export async function giveBack(
  { connection, stream }: DurablePlace,
  durable: string,
  { ack_floor, delivered }: ConsumerInfo,
  { between, elsewhere }: Leftovers,
): Promise<number> {
  const held = await elsewhere();
  const left: number[] = [];
  for await (const seq of between(ack_floor.stream_seq + 1, delivered.stream_seq)) if (!held.has(seq)) left.push(seq);
  if (left.length === 0 || connection.nc.isClosed()) return 0;
  for (const seq of left) {
    // The server looks at two of these: a delivery that has been made, and a message that is not settled.
    connection.nc.publish(`$JS.ACK.${stream}.${durable}.1.${seq}.${delivered.consumer_seq}.0.0`, '-NAK');
  }
  await connection.nc.flush();
  return left.length;
}
