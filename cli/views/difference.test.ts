import { describe, expect, test } from 'vitest';
import { aTask, morning, Story } from '../../tests/fixtures/story.ts';
import { painter } from '../output.ts';
import { differenceOf } from './difference.ts';
import { renderDifference } from './difference-text.ts';

const lines = (a: Story, b: Story) =>
  renderDifference(differenceOf(a.history, b.history), ['left', 'right'], painter(false), 80);

const begun = () => new Story().agent('ceo', 'idle').task('task.created', 'created', aTask('T1'));

describe('two histories', () => {
  test('that are the same have nothing to tell', () => {
    const [a, b] = [morning(), morning()];
    expect(differenceOf(a.history, b.history)).toMatchObject({ same: true, tasks: [], scores: [], first: undefined });
    expect(lines(a, b)).toEqual([`the same: ${a.history.length} messages`]);
  });

  test('are compared at the first message that differs, and by what became of their tasks', () => {
    const a = begun().task('task.completed', 'completed', aTask('T1', { status: 'done', score: 81 }));
    const b = begun()
      .pass(5)
      .task('task.completed', 'completed', aTask('T1', { status: 'done', score: 60 }));
    const found = differenceOf(a.history, b.history);
    expect(found).toMatchObject({ same: false, common: 2, messages: { a: 3, b: 3 } });
    expect(found.tasks).toEqual([
      { key: 'D1.t1', title: 'Task T1', id: { a: 'T1', b: 'T1' }, fields: [{ field: 'score', a: 81, b: 60 }] },
    ]);
  });

  test('one of which has ended earlier', () => {
    const found = differenceOf(begun().history, begun().agent('cto', 'idle').history);
    expect(found.first).toMatchObject({ a: undefined, b: { subject: 'agent.cto.state' } });
    expect(lines(begun(), begun().agent('cto', 'idle'))).toContain('  - nothing more');
  });

  test('know a task by what it is about, not by its number', () => {
    const a = new Story().task('task.created', 'created', aTask('T1', { key: 'B1.store' }));
    const b = new Story().task('task.created', 'created', aTask('T7', { key: 'B1.store' }));
    expect(differenceOf(a.history, b.history).tasks).toEqual([]);
  });

  test('fit the width, and cannot move a cursor', () => {
    const evil = begun().task(
      'task.failed',
      'f',
      aTask('T1', { title: '\u001b[2J', reason: `\u001b]0;x\u0007${'x'.repeat(300)}` }),
    );
    for (const line of lines(begun(), evil)) {
      expect([...line].length).toBeLessThanOrEqual(80);
      expect(line).not.toContain('\u001b');
    }
  });
});
