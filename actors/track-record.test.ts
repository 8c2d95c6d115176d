import { expect, test } from 'vitest';
import type { TaskMessage } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { aTask } from '../tests/fixtures/story.ts';
import { createTrackRecord } from './track-record.ts';

type Kind = Task['failures'][number]['kind'];

/** A stream of tasks, and the record that is folded from it. */
function stream() {
  const record = createTrackRecord();
  const tasks = new Map<string, Task>();
  const told = (type: TaskMessage['type'], task: Task, more: object = {}) => {
    tasks.set(task.id, task);
    // Only what the record reads of a message.
    record.told({ type, data: { task, ...more } } as TaskMessage);
  };
  const taskOf = (id: string, type = 'code') => tasks.get(id) ?? aTask(id, { type, agent: 'backend', failures: [] });
  return {
    of: record.of,
    thinks(id: string, model: string, agent = 'backend', type = 'code') {
      const usage = { model, inputTokens: 1, outputTokens: 1, cost: 0 };
      told('task.stepped', taskOf(id, type), { step: { name: 'a1.write', agent, result: null, usage } });
    },
    fails(id: string, kind: Kind, model?: string) {
      const task = taskOf(id);
      const failure = { attempt: 1, agent: 'backend', kind, reason: 'so', ...(model === undefined ? {} : { model }) };
      told('task.failed', { ...task, failures: [...task.failures, failure] });
    },
    escalates: (id: string) => told('task.escalated', taskOf(id)),
    completes: (id: string) => told('task.completed', taskOf(id)),
  };
}

test('who thought for an attempt has what became of it counted', () => {
  const { of, thinks, fails, completes } = stream();
  thinks('T1', 'a/good');
  completes('T1');
  thinks('T2', 'a/bad');
  fails('T2', 'quality');
  thinks('T2', 'a/good');
  completes('T2');
  expect(of('a/good', 'code')).toEqual({ passed: 2, failed: 0 });
  expect(of('a/bad', 'code')).toEqual({ passed: 0, failed: 1 });
  expect(of('a/other', 'code')).toEqual({ passed: 0, failed: 0 });
});

test('an answer that fails as it comes leaves no step, and counts against its model all the same', () => {
  const { of, fails } = stream();
  fails('T1', 'contract', 'a/bad');
  expect(of('a/bad', 'code')).toEqual({ passed: 0, failed: 1 });
});

test.each<Kind>(['environment', 'quota', 'dependency'])(
  '%s is no fault of a model, and the attempt goes on',
  (kind) => {
    const { of, thinks, fails, completes } = stream();
    thinks('T1', 'a/one');
    fails('T1', kind, 'a/one');
    expect(of('a/one', 'code')).toEqual({ passed: 0, failed: 0 });
    completes('T1');
    expect(of('a/one', 'code')).toEqual({ passed: 1, failed: 0 });
  },
);

test('a failure is counted once, whatever is said of the task afterwards', () => {
  const { of, thinks, fails, escalates } = stream();
  thinks('T1', 'a/one');
  fails('T1', 'quality', 'a/one');
  escalates('T1');
  escalates('T1');
  expect(of('a/one', 'code')).toEqual({ passed: 0, failed: 1 });
});

test('what a reviewer thinks of a task says nothing about the model of its author', () => {
  const { of, thinks, completes } = stream();
  thinks('T1', 'a/author');
  thinks('T1', 'a/reviewer', 'qa');
  completes('T1');
  expect([of('a/author', 'code').passed, of('a/reviewer', 'code').passed]).toEqual([1, 0]);
});

test('one type of task counts by itself from its fifth trial on; before that all types together', () => {
  const { of, thinks, completes } = stream();
  const does = (id: string, type: string) => {
    thinks(id, 'a/one', 'backend', type);
    completes(id);
  };
  for (const id of ['D1', 'D2', 'D3', 'D4']) does(id, 'document');
  does('C1', 'code');
  expect(of('a/one', 'document')).toEqual({ passed: 5, failed: 0 });
  does('D5', 'document');
  does('C2', 'code');
  expect(of('a/one', 'document')).toEqual({ passed: 5, failed: 0 });
  expect(of('a/one', 'code')).toEqual({ passed: 7, failed: 0 });
  expect(of('a/one', undefined)).toEqual({ passed: 7, failed: 0 });
});
