import { expect, test } from 'vitest';
import { aTask, morning, Story } from '../../tests/fixtures/story.ts';
import { painter } from '../output.ts';
import { whenIn } from './history.ts';
import { ofAttempt, whyOf } from './why.ts';
import { renderWhy } from './why-text.ts';

function told(story: Story, id: string): string[] {
  const why = whyOf(story.history, id);
  return why === undefined ? [] : renderWhy(why, painter(false), 80, whenIn(story.history));
}

test('a merged task is explained from its goal to its commit', () => {
  expect(told(morning(), 'T1')).toMatchInlineSnapshot(`
    [
      "T1  Store links  done",
      "mission    Ship a link shortener",
      "goal       G1  links are stored",
      "directive  +00:01:00  D1 by ceo: Build it small",
      "task       +00:02:00  by cto for backend, code, expected 30 m",
      "attempt 1  +00:02:00  backend, rung 1",
      "                      draft             3 m  $0.0200",
      "                      test              1 s",
      "                      failed: quality: tests failed: 1 of 9",
      "asked      +00:05:01  knowledge: How are ids made?",
      "answered   +00:05:01  knowledge: Base 62 of a counter",
      "attempt 2  +00:06:01  backend, rung 2",
      "                      draft             2 m  $0.0200",
      "pull       1  checks passed, approved by frontend, merged",
      "           clear",
      "evidence   ok  tests  by harness  9 passed",
      "commit     cccccccccccccccccccccccccccccccccccccccc",
      "score      81 good",
      "cost       $0.0400, 2 400 tokens, 5 m of work",
    ]
  `);
});

test('one attempt is shown alone, with what happened until the next one', () => {
  const why = whyOf(morning().history, 'T1');
  const first = why && ofAttempt(why, 1);
  expect(first?.attempts.map(({ number }) => number)).toEqual([1]);
  expect(first?.turnings.map(({ what }) => what)).toEqual(['asked', 'answered']);
  expect(why && ofAttempt(why, 2)?.turnings).toEqual([]);
  expect(why && ofAttempt(why, 3)).toBeUndefined();
});

test('an escalated task shows what the person was asked', () => {
  const lines = told(morning(), 'T2').join('\n');
  expect(lines).toContain('escalated  +00:09:01  two designs, none better');
  expect(lines).toContain('A1 Which database for T2?');
});

test('a step took what passed since the record before it', () => {
  const why = whyOf(morning().history, 'T1');
  expect(why?.attempts.map(({ steps }) => steps.map(({ name, ms }) => [name, ms]))).toEqual([
    [
      ['draft', 180_000],
      ['test', 1000],
    ],
    [['draft', 120_000]],
  ]);
});

test('a split task names its children, and a child its parent', () => {
  const parent = aTask('T1', { status: 'waiting', children: ['T2'] });
  const story = new Story()
    .task('task.decomposed', 'split', parent, 'backend')
    .task('task.created', 'created', aTask('T2', { parent: 'T1', title: 'Half of it' }));
  expect(told(story, 'T1').join('\n')).toContain('child      T2  ready  Half of it');
  expect(told(story, 'T2').join('\n')).toContain('part of    T1');
});

test('there is no answer about a task that does not exist', () => {
  expect(whyOf(morning().history, 'T99')).toBeUndefined();
});
