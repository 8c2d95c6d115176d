// The reference: acknowledged publishes per second of given payloads to the same server, by the fastest loop we can write.
// One connection, a reply inbox of its own, a window of unconfirmed messages; no ids, no parsing of the acknowledgements
// beyond looking for an error.

import { connect, createInbox, headers } from 'nats';

const WINDOW = 1024;

/**
 * @param payloads encoded messages, published over and over on distinct subjects of one stream
 * @param ms how long to publish
 * Returns acknowledged messages per second.
 */
export async function rawPublishes(url: string, payloads: readonly Uint8Array[], ms: number): Promise<number> {
  const nc = await connect({ servers: url, noAsyncTraces: true });
  const jsm = await nc.jetstreamManager();
  await jsm.streams.add({ name: 'RAW', subjects: ['raw.>'] });
  const inbox = createInbox();
  let confirmed = 0;
  let open = 0;
  let more = () => {};
  nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error) throw error;
      if (message.data.includes(101) && message.string().includes('"error"')) throw new Error(message.string());
      confirmed += 1;
      open -= 1;
      more();
    },
  });
  const started = performance.now();
  const over = () => performance.now() - started >= ms;
  const h = headers();
  let sent = 0;
  await new Promise<void>((resolve) => {
    more = () => {
      if (over()) {
        if (open === 0) resolve();
        return;
      }
      while (open < WINDOW) {
        sent += 1;
        open += 1;
        nc.publish(`raw.${sent % 100}`, payloads[sent % payloads.length] ?? new Uint8Array(), {
          reply: `${inbox}.${sent}`,
          headers: h,
        });
      }
    };
    more();
  });
  const seconds = (performance.now() - started) / 1000;
  await jsm.streams.delete('RAW');
  await nc.close();
  return confirmed / seconds;
}
