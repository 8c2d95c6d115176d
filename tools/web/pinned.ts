// Connections whose address was judged: the name is resolved here, every address it has must be public, and the socket goes to one
// of exactly these. A name that answers differently the second time is not asked a second time.

import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { refusedIp } from './address.ts';
import { WebFailure, webLimits } from './web.ts';

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

const system: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/** The addresses of a host, all of them public. Throws WebFailure. */
async function publicAddresses(host: string, resolve: Resolve): Promise<LookupAddress[]> {
  const found = await resolve(host).catch((cause: unknown) => {
    throw new WebFailure(
      'offline',
      `${host} has no address: the name server does not know it, or there is none`,
      'check the network and the name',
      cause,
    );
  });
  for (const { address } of found) {
    const why = refusedIp(address);
    if (why !== undefined) throw new WebFailure('refused', `${host} is not read: ${why}`, 'name a public page');
  }
  return [...found];
}

/**
 * A dispatcher that connects to public addresses only.
 * @param resolve asks the system unless told
 */
export function pinnedDispatcher(resolve: Resolve = system): Dispatcher {
  const pinned: LookupFunction = (host, options, done) => {
    publicAddresses(host, resolve).then(
      (found) => {
        const [first] = found;
        if (options.all || !first) return done(first ? null : new Error(`${host} has no address`), found);
        done(null, first.address, first.family);
      },
      (error: Error) => done(error, []),
    );
  };
  return new Agent({
    connect: { lookup: pinned, timeout: webLimits.ms },
    headersTimeout: webLimits.ms,
    bodyTimeout: webLimits.ms,
    maxResponseSize: -1,
  });
}
