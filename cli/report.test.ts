import { expect, test } from 'vitest';
import { aPull, aTask, morning, Story } from '../tests/fixtures/story.ts';
import { painter } from './output.ts';
import { reportOf } from './report.ts';
import { renderReport } from './report-text.ts';

const places = {
  productDir: (slug: string) => `products/${slug}`,
  url: 'http://127.0.0.1:4000',
  wallMs: 4200,
  readable: true,
};

test('a run ends with what was built, where, what it cost and what to try next', () => {
  const report = reportOf(morning().history, 'acme');
  expect(
    renderReport(report, { ...places, reproduce: 'headcount run x.yaml --seed 7' }, painter(false), 80),
  ).toMatchInlineSnapshot(`
    [
      "mission    Ship a link shortener",
      "built      Linkshort in products/linkshort",
      "deployed   http://127.0.0.1:4000, ccccccc healthy",
      "           ccccccc  T1  Store links  backend",
      "tasks      1 of 3 done, 1 escalated, 1 open",
      "on the way 1 retry, 1 escalation, 0 of 1 decision answered",
      "stream     33 messages, 2 lost, 0 duplicated, 0 dead letters",
      "lost       D1.t2, D1.t3",
      "cost       $0.0400, 2 model calls, 2 400 tokens",
      "time       1 h 35 m in the company, 4 s here",
      "reproduce  headcount run x.yaml --seed 7",
      "next       headcount status",
      "           headcount why T1",
      "           headcount tap 'task.>' --all",
      "           git -C products/linkshort log --oneline",
    ]
  `);
});

test('a task completed twice is reported as duplicated', () => {
  const done = aTask('T1', { status: 'done' });
  const story = new Story().task('task.completed', 'a', done).task('task.completed', 'b', done);
  expect(reportOf(story.history, 'acme').duplicated).toHaveLength(1);
});

test('a task that never ended is reported as lost', () => {
  const story = new Story().task('task.created', 'created', aTask('T1'));
  expect(reportOf(story.history, 'acme').lost).toEqual(['D1.t1']);
});

test('without a store to read, only what is on disk is offered', () => {
  const lines = renderReport(reportOf(morning().history, 'acme'), { ...places, readable: false }, painter(false), 80);
  expect(lines.join('\n')).not.toContain('headcount status');
  expect(lines.at(-1)).toContain('git -C products/linkshort log');
});

test('an empty run makes a report', () => {
  expect(renderReport(reportOf([], 'acme'), places, painter(false), 80).join('\n')).toContain('0 of 0 done');
});

test('what is live is said with its address only while it is there', () => {
  const report = reportOf(morning().history, 'acme');
  const { url: _, ...gone } = places;
  expect(renderReport(report, places, painter(false), 80).join('\n')).toContain(
    'deployed   http://127.0.0.1:4000, ccccccc healthy',
  );
  expect(renderReport(report, gone, painter(false), 80).join('\n')).toContain('deployed   ccccccc healthy');
});

test('the title of a pull request is said without the task in front of it', () => {
  const story = new Story().say('forge.pull.1', {
    id: 'pull.1.merged',
    type: 'pull.merged',
    source: 'harness',
    data: aPull({ title: 'T1: Store links', status: 'merged', merged: 'c'.repeat(40) }),
  });
  expect(reportOf(story.history, 'acme').merged).toMatchObject([{ task: 'T1', title: 'Store links' }]);
});
