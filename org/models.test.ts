import { expect, test } from 'vitest';
import { load } from '../tests/fixtures/company-file.ts';

const withModels = (models: string) =>
  load(`company: acme
models: ${models}
reports:
  boss: { duties: [strategy, decompose, review, staff, remediate], reports: { maker: { duties: [write-code] } } }
`);

test('an effort is that of a tier, or of a model in use', () => {
  const { models } = withModels('{ effort: { coding: high, anthropic/claude-haiku-5-5: low } }');
  expect(models.efforts).toEqual({ coding: 'high', 'anthropic/claude-haiku-5-5': 'low' });
  expect(withModels('{}').models.efforts).toEqual({});
});

test.each([
  [
    '{ effort: { codin: high } }',
    'org.yaml:2:21 models.effort.codin "codin" is no tier and no model in use; did you mean "coding"?',
  ],
  ['{ effort: { openai/gpt-9: low } }', 'is no tier and no model in use'],
  ['{ effort: { coding: extreme } }', 'models.effort.coding'],
  ['{ effort: { coding: 3 } }', 'models.effort.coding'],
])('%s is refused at its place', (models, said) => {
  expect(() => withModels(models)).toThrow(said);
});
