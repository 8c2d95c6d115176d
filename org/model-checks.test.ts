import { expect, test } from 'vitest';
import { load, problemsOf, small } from '../tests/fixtures/company-file.ts';

const models = (words: string) => small(`models: ${words}\n`);

test('providers that are there without being listed, and those that are listed, can be named', () => {
  const { models: found } = load(
    models(
      '{ providers: { local: { kind: openai, api: chat, url: "http://127.0.0.1:1/v1" } }, tiers: { light: [local/qwen, openai/gpt-6-luna] } }',
    ),
  );
  expect(found.tiers.light).toEqual(['local/qwen', 'openai/gpt-6-luna']);
});

test.each([
  [
    '{ tiers: { coding: [antropic/claude] } }',
    'models.tiers.coding[0] "antropic" is no provider; did you mean "anthropic"?',
  ],
  [
    '{ tasks: { code: [openai/gpt-6-sol, cloud/x] } }',
    'models.tasks.code[1] "cloud" is no provider; there are anthropic, openai',
  ],
  [
    '{ providers: { local: { kind: openai } }, tiers: { light: [lokal/x] } }',
    'models.tiers.light[0] "lokal" is no provider; did you mean "local"?',
  ],
  ['{ tasks: { coed: [openai/gpt-6-sol] } }', 'models.tasks.coed "coed" is no type of task here; did you mean "code"?'],
  ['{ providers: { mine: { kind: anthropic, api: chat } } }', 'models.providers.mine.api is for kind openai only'],
])('%s is refused, with its place', (words, message) => {
  expect(problemsOf(models(words)).join('\n')).toContain(message);
});
