import { expect, test } from 'vitest';
import { parseAnswer } from '../../brain/answers.ts';
import { BlockerCode } from '../../bus/blocker-code.ts';
import { WorkReport } from '../../bus/records.ts';
import { blocked, blockers, failureOf } from './blockers.ts';

test('every code says what becomes of the work', () => {
  expect(Object.keys(blockers).sort()).toEqual([...BlockerCode.options].sort());
});

test('nobody goes on with what only a person, or another machine, or time can heal', () => {
  const never = BlockerCode.options.filter((code) => !blockers[code].followUp).sort();
  expect(never).toEqual([
    'budget_exhausted',
    'environment_failure',
    'manual_intervention_required',
    'prompt_too_large',
    'quota_limited',
  ]);
  const transient = BlockerCode.options.filter((code) => blockers[code].transient).sort();
  expect(transient).toEqual(['fallback_exhausted', 'quota_limited', 'runner_failure']);
});

test('a failure names its code, and when quota ends; a claim never makes the company wait', () => {
  expect(blocked('quota_limited', 'out', 7)).toEqual({ kind: 'quota', reason: 'quota_limited: out', until: 7 });
  const claim = WorkReport.parse({ status: 'blocked', blocker: 'quota_limited', summary: 'out', manualSteps: ['pay'] });
  expect(failureOf(claim)).toEqual({ kind: 'quality', reason: 'quota_limited: blocked, out; for a person: pay' });
});

const said = (more: object) =>
  parseAnswer('work', JSON.stringify({ status: 'complete', summary: 'Adds numbers', ...more }));

test.each([
  [{ summary: '<one paragraph>' }],
  [{ summary: 'TODO' }],
  [{ summary: '...' }],
  [{ summary: 'What was done, in one paragraph.' }],
  [{ done: ['Adds numbers', 'each thing that is finished'] }],
  [{ decisions: ['{{decision}}'] }],
  [{ nextStep: 'string' }],
])('a report that only repeats its template is refused: %j', (more) => {
  expect(said(more)).toMatchObject({ ok: false, reason: expect.stringMatching(/is a placeholder$/) });
});

test('a report may speak of templates all the same', () => {
  const done = ['Replaced <title> in index.html', 'Removed a TODO', 'string is now number'];
  expect(said({ done })).toMatchObject({ ok: true });
});
