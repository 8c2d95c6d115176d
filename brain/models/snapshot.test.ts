import { expect, test } from 'vitest';
import type { Question } from './model.ts';
import { Snapshot, snapshotOf } from './snapshot.ts';

const results = (text: string) => [{ id: '1', text, isError: false }];
const question: Question = {
  id: 'T1.a1.work.3',
  purpose: 'work',
  role: 'backend',
  agent: 'backend-1',
  tier: 'coding',
  taskType: 'code',
  about: 'D1.store',
  attempt: 1,
  system: 'You work here.',
  prompt: 'Do it.',
  schema: undefined,
  tools: [{ name: 'finish', description: 'Ends it.', input: { type: 'object' } }],
  rounds: [
    { said: 'I look', results: results('one file') },
    { said: { role: 'assistant', content: [] }, results: results('it is written') },
  ],
};

test('the first question of a loop is kept whole, with its tools', () => {
  const first = snapshotOf({ ...question, rounds: [] });
  expect(Snapshot.parse(JSON.parse(JSON.stringify(first)))).toEqual({
    id: question.id,
    purpose: 'work',
    system: 'You work here.',
    prompt: 'Do it.',
    tools: question.tools,
  });
});

test('a later turn is kept as what is new in it: the steps before it hold the rest', () => {
  const third = snapshotOf(question, 'work.2');
  expect(Snapshot.parse(JSON.parse(JSON.stringify(third)))).toEqual({
    id: question.id,
    purpose: 'work',
    after: 'work.2',
    rounds: [question.rounds[1]],
  });
});
