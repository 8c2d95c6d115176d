// Saying a thing once, also when work comes again long after it was said: a real stream knows the ids of an hour
// (bus/jetstream/stream.ts), and a company may be down for longer.

import type { Bus } from '../bus/bus.ts';
import type { Draft, MessageType } from '../bus/messages.ts';

/**
 * Publishes unless the subject has had a message with this id. Reads the subject, so it is for work that comes again only.
 * @param since when it can have been said first, epoch ms
 */
export async function publishOnce<T extends MessageType>(
  bus: Bus,
  subject: string,
  draft: Draft<T>,
  since: number,
): Promise<void> {
  for await (const { message } of bus.replay({ filter: subject, since })) if (message.id === draft.id) return;
  await bus.publish(subject, draft);
}
