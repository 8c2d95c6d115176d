// Where the servers of a stream are: one address, or those of the nodes of a cluster with commas between.

import { BusFailure } from '../errors.ts';

export type Address = {
  /** Without user and password, so that no message ever shows them. */
  readonly host: string;
  readonly user?: string;
  readonly pass?: string;
};

/** Throws BusFailure (BAD_ADDRESS, exit code 2) for what is no address. */
export function addressesOf(servers: string | readonly string[]): Address[] {
  return [servers]
    .flat()
    .flatMap((text) => text.split(','))
    .map((text) => addressOf(text.trim()));
}

function addressOf(server: string): Address {
  const text = server.includes('://') ? server : `nats://${server}`;
  if (!URL.canParse(text) || new URL(text).host === '') {
    const what = server === '' ? 'an empty text' : text.replace(/\/\/.*@/, '//');
    const next = 'write nats://127.0.0.1:4222; commas between those of a cluster';
    throw new BusFailure('BAD_ADDRESS', `${what} is no address of a NATS server`, next, { exit: 2 });
  }
  const { protocol, host, username, password } = new URL(text);
  const address = { host: `${protocol}//${host}` };
  return username ? { ...address, user: decodeURIComponent(username), pass: decodeURIComponent(password) } : address;
}
