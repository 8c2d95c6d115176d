// Keeps what was sent to a model, beside the record of its answer and while the model still thinks: nobody waits for it.

import type { Snapshot } from '../brain/models/snapshot.ts';
import { reasonOf } from '../bus/errors.ts';
import { scrubbed } from '../tools/policy/scrubbed.ts';
import type { Ports } from './ports.ts';

/**
 * Keeps a prompt as a blob, without secrets.
 * @returns its digest; undefined when it could not be kept, which is said and costs the work nothing
 */
export async function keepPrompt(
  { bus, secrets, log }: Pick<Ports, 'bus' | 'secrets' | 'log'>,
  snapshot: Snapshot,
): Promise<string | undefined> {
  try {
    return await bus.putBlob(new TextEncoder().encode(JSON.stringify(scrubbed(snapshot, secrets))));
  } catch (error) {
    log('warn', `the prompt of ${snapshot.id} is not kept: ${reasonOf(error)}`);
    return undefined;
  }
}
