import { expect, test } from 'vitest';
import type { Stored } from '../bus/bus.ts';
import { aTask, morning, START, Story } from '../tests/fixtures/story.ts';
import { painter } from './output.ts';
import { createTimeline } from './timeline.ts';

/** All lines of a history. */
function timelineOf(history: readonly Stored[], options: Parameters<typeof createTimeline>[0]): string[] {
  const line = createTimeline(options);
  return history.map(line).filter((text) => text !== undefined);
}

const plain = { relative: true, paint: painter(false), width: 80 };

test('a morning reads as its events, without wakes, ticks and steps', () => {
  expect(timelineOf(morning().history, { ...plain, width: 100 })).toMatchInlineSnapshot(`
    [
      "+00:00:00  operator          running            started",
      "+00:00:00  operator          mission            Ship a link shortener",
      "+00:01:00  ceo               directive          D1 Build it small (1 goal)",
      "+00:02:00  cto               task               T1 Store links (backend)",
      "+00:02:00  backend           working            T1 Store links",
      "+00:05:01  backend           retrying           T1 attempt 1 quality: tests failed: 1 of 9; again +…",
      "+00:05:01  backend           asks knowledge     T1 How are ids made?",
      "+00:05:01  knowledge         answers            Base 62 of a counter",
      "+00:06:01  backend           working again      T1 Store links, attempt 2",
      "+00:08:01  backend           pull opened        pull 1 Store links (T1)",
      "+00:09:01  frontend          approves           pull 1: clear",
      "+00:09:01  harness           merged             pull 1 Store links (T1) as ccccccc",
      "+00:09:01  backend           done               T1 Store links, score 81 good",
      "+00:09:01  cto               task               T2 Choose a database (backend)",
      "+00:09:01  backend-2         escalated          T2 two designs, none better",
      "+00:50:00  hr                needs you          A1 Which database for T2?  a PostgreSQL (recommende…",
      "+00:50:00  cto               task               T3 Redirect page (frontend)",
      "+00:50:00  frontend          working            T3 Redirect page",
      "+01:35:00  devops            deployment live    linkshort ccccccc healthy",
    ]
  `);
});

test('a log has a line for every message', () => {
  const { history } = morning();
  expect(timelineOf(history, { ...plain, everything: true })).toHaveLength(history.length);
});

test('lines fit into 80 columns', () => {
  const story = new Story().task('task.created', 'created', aTask('T1', { title: 'long '.repeat(30) }));
  for (const line of timelineOf([...morning().history, ...story.history], plain))
    expect(line.length).toBeLessThanOrEqual(80);
});

test('a real run is told by the clock', () => {
  const story = new Story().task('task.created', 'created', aTask('T1'), 'cto');
  const [line] = timelineOf(story.history, { ...plain, relative: false });
  expect(line).toMatch(/^\d\d:\d\d:00 {2}cto/);
});

test('what a crash interrupted is said to be resumed', () => {
  const story = new Story()
    .agent('backend', 'working.executing', { task: 'T1' })
    .agent('backend', 'crashed', { task: 'T1', reason: 'killed' })
    .agent('backend', 'working.executing', { task: 'T1' });
  expect(timelineOf(story.history, plain)).toEqual([
    '+00:00:00  backend           crashed            T1 killed',
    '+00:00:00  backend           resumed: working   T1',
  ]);
});

test('escape sequences in a title do not reach the terminal', () => {
  const story = new Story().task(
    'task.created',
    'created',
    aTask('T1', { title: 'a\u001b[2J\u001b]0;x\u0007b' }),
    'cto\u001b[31m',
  );
  const [line] = timelineOf(story.history, plain);
  expect(line).toContain('T1 ab (backend)');
  expect(line).not.toContain('\u001b');
});

test('problems stand out in colour', () => {
  const story = new Story().agent('backend', 'crashed');
  const [line] = timelineOf(story.history, { ...plain, paint: painter(true), start: START });
  expect(line).toContain('\u001b[31mcrashed');
});
