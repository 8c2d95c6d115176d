// Writes that nothing guards. An expected sequence matters only in the moment when two write at once, and that may not come in
// a thousand seeds; that there is none shows with the first write.

import type { PublishOptions } from '../bus/bus.ts';
import type { Draft } from '../bus/messages.ts';

/** What is folded into a state that others change too, or must be there once for ever: ids are forgotten after a while. */
const changesState =
  /^(?:task|job|pull|lesson|standing|provider|process|clock|org)\.|^approval\.(?:answered|expired|withdrawn)$|^money\.(?:reserved|stopped|raised|warned)$|^(?:directive\.issued|agent\.remembered|brain\.directive)$/;

/** True for a message that changes a state although its writer does not say which sequence it has seen. */
export function isBlind({ type }: Pick<Draft, 'type'>, options: PublishOptions | undefined): boolean {
  return options?.expectedLastSeq === undefined && changesState.test(type);
}
