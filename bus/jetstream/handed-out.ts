// Makes open work of another stream come as what it is: work that was handed out before. A first delivery may be taken for
// new work (actors/host.ts reads no record for it), so each is handed out here once and given back at once.

import type { ConsumerInfo, JsMsg } from 'nats';
import { BusFailure } from '../errors.ts';
import type { DurablePlace } from './consumers.ts';

const FETCH_MS = 5_000;
const FETCHED_AT_ONCE = 500;
/** More cannot have been handed out: it is below what a durable may have unsettled (consumers.ts). */
const MOST = 10_000;

/**
 * Hands out what waits in a durable that nobody listens to, settles the sequences in `settled` and gives back the rest.
 * Throws BusFailure.
 */
export async function handOutOnce(
  { connection, stream }: DurablePlace,
  { name, num_pending }: Pick<ConsumerInfo, 'name' | 'num_pending'>,
  settled: ReadonlySet<number>,
): Promise<void> {
  const wanted = Math.min(num_pending, MOST);
  if (wanted === 0) return;
  await connection.ask(`position consumer ${name}`, async () => {
    const consumer = await connection.nc.jetstream().consumers.get(stream, name);
    const held: JsMsg[] = [];
    while (held.length < wanted) {
      const before = held.length;
      const batch = Math.min(FETCHED_AT_ONCE, wanted - before);
      for await (const msg of await consumer.fetch({ max_messages: batch, expires: FETCH_MS })) held.push(msg);
      if (held.length === before) throw silent(name);
    }
    for (const msg of held) {
      if (settled.has(msg.seq)) msg.ack();
      else msg.nak();
    }
    await connection.nc.flush();
  });
}

function silent(name: string): BusFailure {
  return new BusFailure('BUS_SILENT', `consumer ${name} hands out nothing`, "read the server's log, then do it again");
}
