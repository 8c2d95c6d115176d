// URLs as people give them, and for people to read.

import { addressesOf } from '../bus/jetstream/addresses.ts';
import type { CliContext } from './context.ts';
import { clean } from './output.ts';

/** A URL, or several with commas between, that may be printed: user and password removed. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//');
}

/** The words that name the same server in the next command; who has a password types it again. */
export function natsWords(url: string | undefined): string {
  return url === undefined ? '' : ` --nats ${clean(withoutSecret(url))}`;
}

/**
 * The server that a person named, by `--nats` or by NATS_URL, where an empty variable counts as none.
 * Throws BusFailure (BAD_ADDRESS, exit code 2) for an option that is no address.
 */
export function namedServer(option: string | undefined, env: CliContext['env']): string | undefined {
  if (option === undefined) return env.NATS_URL || undefined;
  addressesOf(option);
  return option;
}
