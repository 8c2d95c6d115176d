// For each invariant: a real stream, one forbidden change, and exactly that invariant is broken.

import { beforeAll, describe, expect, test } from 'vitest';
import { forbiddenMoney } from '../tests/fixtures/forbidden-money.ts';
import { forbiddenRewards } from '../tests/fixtures/forbidden-rewards.ts';
import { forbiddenTalk } from '../tests/fixtures/forbidden-talk.ts';
import { type Forbidden, forbiddenWork } from '../tests/fixtures/forbidden-work.ts';
import { createAuditor, invariants } from './auditor.ts';
import { audit, Forgery, type Recorded, record } from './fixture.ts';

let first: Recorded;
let escalation: Recorded;
let reward: Recorded;

beforeAll(async () => {
  first = await record('first-product');
  escalation = await record('escalation');
  reward = await record('reward');
});

const forbidden: readonly Forbidden[] = [...forbiddenWork, ...forbiddenTalk, ...forbiddenMoney, ...forbiddenRewards];

test('the streams themselves break nothing', () => {
  expect(audit(first)).toEqual([]);
  expect(audit(escalation)).toEqual([]);
  expect(audit(reward)).toEqual([]);
});

describe('a forbidden change is found, and nothing else', () => {
  test.each(forbidden)('%s: %s', (id, _, of, change) => {
    const until = id === 'I18' ? 'rest' : 'end';
    const forgery = new Forgery({ 'first-product': first, escalation, reward }[of]);
    change(forgery);
    const found = audit(forgery.done(), until);
    expect([...new Set(found.map(({ invariant }) => invariant))], JSON.stringify(found, null, 1)).toEqual([id]);
  });

  test('I1: a message that is gone', () => {
    const messages = first.messages.filter(({ message }) => message.type !== 'brain.milestone');
    expect(audit({ ...first, messages }).map(({ invariant }) => invariant)).toEqual(['I1']);
  });

  test('every invariant that messages or ends can break has such a change', () => {
    const tried = new Set<string>(forbidden.map(([id]) => id));
    // I25 compares two folds: fold.test.ts.
    expect(invariants.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual(['I25']);
  });
});

describe('limits of the org chart', () => {
  const brokenUnder = (rules: Recorded['rules']) => {
    const found = audit({ messages: first.messages, rules });
    return [...new Set(found.map(({ invariant }) => invariant))];
  };

  test.each([
    ['I16', 'the budget of a role', { budgets: { role: { backend: { day: 1e-6 } } } }],
    ['I16', 'the budget of the company', { budgets: { company: { month: 1e-6 } } }],
    ['I17', 'the attempts of a lineage', { attempts: 1 }],
    ['I16', 'the budget of a team', { budgets: { team: { cto: { day: 1e-6 } } } }],
    ['I16', 'the budget of a task', { budgets: { role: { backend: { task: 1e-6 } } } }],
    ['I16', 'the money of a lineage', { budgets: { lineage: 1e-6 } }],
    ['I17', 'the depth of a lineage', { depth: 0 }],
  ])('%s: %s', (id, _, rules: Recorded['rules']) => {
    expect(brokenUnder(rules)).toEqual([id]);
  });

  test('what is not known is not judged, and said', () => {
    expect(brokenUnder({})).toEqual([]);
    expect(
      createAuditor({})
        .unjudged()
        .map((line) => line.slice(0, 3)),
    ).toEqual(['I17', 'I16', 'I12', 'I29', 'I25']);
    expect(
      createAuditor(first.rules)
        .unjudged()
        .map((line) => line.slice(0, 3)),
    ).toEqual(['I25']);
  });
});
