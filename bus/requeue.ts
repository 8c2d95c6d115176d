// The dead letters of a company, and how the message of one is published again.

import type { Bus } from './bus.ts';
import { type Letter, lettersIn, requeueing } from './dead.ts';
import type { Message } from './messages.ts';
import { subjects } from './subjects.ts';

/** Every dead letter of a company, in order. */
export async function lettersOn(bus: Pick<Bus, 'replay'>): Promise<Letter[]> {
  const stored = [];
  for await (const one of bus.replay({ filter: 'dead.>' })) stored.push(one);
  return lettersIn(stored);
}

/**
 * Publishes the message of a letter again, with an id derived from the old one, then marks the letter. Doing it twice
 * changes nothing.
 * @returns the id it has now, and whether it was this call that marked the letter; undefined for a message that nobody can read
 */
export async function putBack(
  bus: Pick<Bus, 'replay' | 'publish'>,
  letter: Letter,
  by: string,
): Promise<{ readonly as: string; readonly done: boolean } | undefined> {
  const { consumer, subject, seq } = letter.letter.data;
  if (letter.requeuedAs !== undefined) return { as: letter.requeuedAs, done: false };
  const message = await messageOf(bus, letter);
  if (!message) return undefined;
  const draft = requeueing(message, seq, by);
  if (!(await isOn(bus, subject, draft.id, seq))) await bus.publish(subject, draft);
  const { duplicate } = await bus.publish<'dead.requeued'>(subjects.dead(consumer), {
    id: `${letter.letter.id}.requeued`,
    type: 'dead.requeued',
    source: by,
    data: { consumer, seq, letter: letter.letter.id, as: draft.id, by },
    causationid: letter.letter.id,
  });
  return { as: draft.id, done: !duplicate };
}

/** The message that a letter is about; undefined when nobody can read it. */
export async function messageOf(bus: Pick<Bus, 'replay'>, { letter }: Letter): Promise<Message | undefined> {
  const { subject, seq } = letter.data;
  const range = { filter: subject, fromSeq: seq, untilSeq: seq, foreign: () => {} };
  for await (const { message } of bus.replay(range)) return message;
  return undefined;
}

/** A stream forgets the ids it has seen after a while; what is stored stays. */
async function isOn(bus: Pick<Bus, 'replay'>, subject: string, id: string, fromSeq: number): Promise<boolean> {
  for await (const { message } of bus.replay({ filter: subject, fromSeq })) if (message.id === id) return true;
  return false;
}
