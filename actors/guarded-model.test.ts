import { expect, test } from 'vitest';
import { type Model, plainAnswer, type Question } from '../brain/models/model.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { guardedModel } from './guarded-model.ts';

const SECRET = 'a-value-nobody-should-read';

const question = (parts: Partial<Question>): Question => ({
  id: 'T1.a1.advise',
  role: 'worker',
  agent: 'worker-1',
  tier: 'light',
  purpose: 'advise',
  taskType: undefined,
  about: 'T1',
  attempt: 1,
  system: 'You work here.',
  prompt: 'What is to be done?',
  schema: undefined,
  tools: [],
  rounds: [],
  ...parts,
});

/** A guarded model, and the prompts that came through. */
function guarded(): { model: Model; asked: string[] } {
  const asked: string[] = [];
  const usage = { model: 'zero', inputTokens: 1, outputTokens: 1, cost: 0 };
  const model: Model = {
    async think({ system, prompt }) {
      asked.push(`${system} ${prompt}`);
      return plainAnswer('done', usage);
    },
    quote: () => 0,
  };
  return { model: guardedModel(model, createSecrets({ SOME_TOKEN: SECRET })), asked };
}

const ask = ({ model }: { model: Model }, parts: Partial<Question>) =>
  model.think(question(parts), new AbortController().signal, () => {});

test('a system prompt that was clean before hides no secret in what is asked', async () => {
  const given = guarded();
  await ask(given, {});
  await expect(ask(given, { prompt: `Use ${SECRET}.` })).rejects.toThrow('holds the value of SOME_TOKEN');
  expect(given.asked).toHaveLength(1);
});

test('a system prompt with a secret is refused each time', async () => {
  const given = guarded();
  for (let n = 0; n < 3; n += 1) {
    await expect(ask(given, { system: `You have ${SECRET}.` })).rejects.toThrow('holds the value of SOME_TOKEN');
  }
  expect(given.asked).toEqual([]);
});

test('a secret is found whatever number of clean system prompts was asked before', async () => {
  const given = guarded();
  for (let n = 0; n < 300; n += 1) await ask(given, { system: `You are worker ${n}.` });
  await expect(ask(given, { system: `You are ${SECRET}.` })).rejects.toThrow('holds the value of SOME_TOKEN');
  expect(given.asked).toHaveLength(300);
});
