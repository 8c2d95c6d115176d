import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilters, isExact, withoutCovered } from './filters.ts';
import { schemas } from './schemas.ts';
import { matches, subjects, subjectTable } from './subjects.ts';

describe('matching', () => {
  test.each([
    ['task.T1', 'task.T1', true],
    ['task.T1', 'task.T12', false],
    ['task.*', 'task.T1', true],
    ['task.*', 'task', false],
    ['task.*', 'task.T1.x', false],
    ['*.T1', 'task.T1', true],
    ['task.>', 'task.T1.x.y', true],
    ['task.>', 'task', false],
    ['>', 'task', true],
    ['agent.*.state', 'agent.backend-2.state', true],
    ['agent.*.state', 'agent.backend-2.memory', false],
  ])('%s and %s: %s', (filter, subject, expected) => {
    expect(matches(filter, subject)).toBe(expected);
    expect(compileFilters([filter])(subject)).toBe(expected);
  });

  const token = fc.constantFrom('task', 'T1', 'T12', 'agent', 'x');
  const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
  const filter = fc
    .tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([tokens, rest]) => [...tokens, ...(rest ? ['>'] : [])].join('.'));

  test('compiled filters answer as the plain ones', () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 3 }), subject, (filters, on) => {
        expect(compileFilters(filters)(on)).toBe(filters.some((one) => matches(one, on)));
      }),
    );
  });

  test('leaving out covered filters changes no answer', () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 4 }), subject, (filters, on) => {
        expect(compileFilters(withoutCovered(filters))(on)).toBe(compileFilters(filters)(on));
      }),
    );
  });

  test('a filter with a wildcard is not exact', () => {
    expect(['a.b', 'a.*', '*.b', 'a.>', '>', 'a*.b'].map(isExact)).toEqual([true, false, false, false, false, true]);
  });
});

describe('the subject table', () => {
  const built = [
    ...Object.values(subjects).filter((subject) => typeof subject === 'string'),
    subjects.tasksFor('backend'),
    subjects.answer('Q1'),
    subjects.task('T1'),
    subjects.job('J1'),
    subjects.agentState('backend-2'),
    subjects.agentMemory('backend-2'),
    subjects.agentSaid('backend-2'),
    subjects.provider('anthropic'),
    subjects.agentStanding('backend-2'),
    subjects.lesson('L1'),
    subjects.decision('T1'),
    subjects.brain('goal'),
    subjects.directiveEnd('D1'),
    subjects.clock('strategy'),
    subjects.control('company'),
    subjects.issue(1),
    subjects.pull(2),
    subjects.approval('A1'),
    subjects.process('main'),
    subjects.delivery('backend', 4),
    subjects.dead('backend'),
    subjects.audit('I1'),
    subjects.policy('T1'),
  ];

  test('has one row for every subject that is built', () => {
    const filters = subjectTable.map((row) => row.subject.replaceAll(/<[^>]+>/g, '*'));
    for (const subject of built)
      expect([subject, filters.filter((one) => matches(one, subject)).length]).toEqual([subject, 1]);
    for (const filter of filters)
      expect([filter, built.some((subject) => matches(filter, subject))]).toEqual([filter, true]);
  });

  test('every message type has a place in it', () => {
    const rows = subjectTable.flatMap((row) => row.types);
    for (const type of Object.keys(schemas))
      expect([type, rows.some((row) => row === type || row === `${type.split('.')[0]}.*`)]).toEqual([type, true]);
  });
});
