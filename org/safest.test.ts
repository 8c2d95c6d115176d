// What a company file says wrong is refused: it is never taken for the freest of what it might have meant.

import { expect, test } from 'vitest';
import { problemsOf, small } from '../tests/fixtures/company-file.ts';

test('words of freedom that nobody knows give none', () => {
  const file = small(
    'sandbox: off\nproducts: { links: { test: x, automation: ful } }\n',
    '        tools: [merg]\n        engine: turbo\n',
  );
  expect(problemsOf(file)).toEqual([
    'org.yaml:2:10 sandbox "off" is no sandbox; it is one of required, none',
    'org.yaml:3:43 products.links.automation "ful" is no automation; did you mean "full"?',
    'org.yaml:10:17 backend.tools[0] "merg" is no tools; did you mean "merge"?',
    'org.yaml:11:17 backend.engine "turbo" is no engine; it is one of answer, loop, claude, codex',
  ]);
});

test('a budget of nothing is not taken for none', () => {
  const file = small('budget: 0\nretry: { lineage: { cost: 0 } }\n', '        budget: { day: 0 }\n');
  expect(problemsOf(file)).toEqual([
    'org.yaml:2:9 budget 0 is too small: more than 0',
    'org.yaml:3:27 retry.lineage.cost 0 is too small: more than 0',
    'org.yaml:10:24 backend.budget.day 0 is too small: more than 0',
  ]);
});
