import { subjects } from '../../bus/subjects.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { failed } from './failing.ts';

async function run(work: JobWork): Promise<void> {
  if (work.message.type !== 'knowledge.requested') return;
  const request = work.message.data;
  // Whoever asked has gone on without an answer.
  if (work.turn.now() > request.deadline) return;
  if (request.replyTo !== subjects.answer(request.id)) {
    throw failed('permanent', `request ${request.id} wants its answer on "${request.replyTo}"`);
  }
  const found = await work.step('search', async () => [...(await work.knowledge.search(request.question))]);
  const {
    known,
    answer: text,
    sources,
  } = await work.think('answer', [
    { name: 'Question', text: request.question },
    {
      name: 'What is written about it',
      text: found.map((passage) => `[${passage.source}]\n${passage.text}`).join('\n\n'),
      untrusted: true,
      budget: 12_000,
    },
    {
      name: 'How to answer',
      text: 'Answer from what is written above and name its sources; if it does not say, known is false.',
    },
  ]);
  const read = new Set(found.map((passage) => passage.source));
  await work.publish<'request.answered'>(request.replyTo, {
    id: `answer.${request.id}`,
    type: 'request.answered',
    // A source that was not read is no source.
    data: { id: request.id, by: work.agent, known, text, sources: sources.filter((source) => read.has(source)) },
  });
}

/** Answers questions of other agents from what the company was given to read. */
export const answer: StandingDuty = {
  kind: 'standing',
  name: 'answer',
  filters: [subjects.knowledge],
  types: ['knowledge.requested'],
  wants: (_, message) => message.type === 'knowledge.requested',
  run,
};
