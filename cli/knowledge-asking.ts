// A question of a person to the knowledge role of the company that runs here: on the stream, with a deadline, like that of any
// agent. What its model costs stands in the company's books.

import { randomUUID } from 'node:crypto';
import { awaitAnswer } from '../actors/awaited.ts';
import type { DataOf } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import { NoCompany, type Where, withCompanyToChange } from './connect.ts';
import type { CliContext } from './context.ts';
import { clean, type Paint } from './output.ts';

export type Wanted = {
  readonly question: string;
  /** Set: this document is summarised, with the question in mind. */
  readonly document?: string | undefined;
  /** How long an answer is waited for, ms. */
  readonly withinMs: number;
};

export type Reply = Pick<DataOf<'request.answered'>, 'known' | 'text' | 'sources' | 'by' | 'knowledge' | 'toldAt'> & {
  readonly question: string;
  readonly document?: string | undefined;
};

/** Asks, and waits for the answer; that nobody answered in time is an answer too, and not known. Throws NoCompany. */
export function askCompany(wanted: Wanted, where: Where, context: CliContext): Promise<Reply> {
  return withCompanyToChange(where, context, async ({ bus, live, clock }) => {
    if (!live || !clock) {
      throw new NoCompany(
        'no company runs here whose knowledge role could answer',
        'headcount up; or headcount ask <question> --with quotes',
      );
    }
    const { question, document, withinMs } = wanted;
    const id = `ask-${randomUUID()}`;
    const replyTo = subjects.answer(id);
    const deadline = clock.now() + withinMs;
    const about = { question, ...(document !== undefined && { document }) };
    await bus.publish(subjects.knowledge, {
      id: `knowledge.${id}`,
      type: 'knowledge.requested',
      source: 'operator',
      data: { id, ...about, by: 'operator', replyTo, deadline },
    });
    const reply = await awaitAnswer(bus, clock, replyTo, deadline, context.stop);
    const { by, known, text, sources, knowledge, toldAt } = reply ?? {
      by: 'nobody',
      known: false,
      text: 'nobody answered in time',
      sources: [],
    };
    return { ...about, by, known, text, sources, knowledge, toldAt };
  });
}

/** An answer as people read it. */
export function replyLines({ known, text, sources, by, knowledge, toldAt }: Reply, paint: Paint): string[] {
  const told = toldAt === undefined ? '' : `, told by message ${toldAt}`;
  const seen = knowledge === undefined ? '' : `, knowledge version ${knowledge}${told}`;
  const said = text.split('\n').map((line) => clean(line));
  if (!known) return [`not known: ${said.join(' ')}`, paint(`${by}${seen}`, 'dim')];
  return [...said, '', ...sources.map((source) => paint(clean(source), 'info')), paint(`${by}${seen}`, 'dim')];
}
