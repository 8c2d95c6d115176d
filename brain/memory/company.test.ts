import { expect, it } from 'vitest';
import type { Message } from '../../bus/messages.ts';
import { type CompanyState, emptyCompany, foldCompany } from './company.ts';

function after(...facts: readonly [type: Message['type'], data: unknown][]): CompanyState {
  return facts.reduce<CompanyState>(
    (state, [type, data], index) => foldCompany(state, { type, data } as Message, index + 1),
    emptyCompany,
  );
}

const blocker = (task: string, status: 'raised' | 'cleared') =>
  ['brain.blocker', { task, reason: `${task} is stuck`, status }] as const;

it('a blocker stands until it is cleared', () => {
  expect(
    after([...blocker('T1', 'raised')], [...blocker('T2', 'raised')], [...blocker('T1', 'cleared')]).blockers,
  ).toEqual({
    T2: 'T2 is stuck',
  });
});

it('of goals, bugs and numbers the last word counts', () => {
  const state = after(
    ['brain.goal', { id: 'g', text: 'open a shop' }],
    ['brain.directive', { id: 'D1', summary: 'D1: done', done: 1, tasks: 1, cost: 0, achieved: ['g', 'unheard'] }],
    ['brain.metric', { name: 'deployments', value: 1 }],
    ['brain.metric', { name: 'deployments', value: 2 }],
  );
  expect(state.goals).toEqual({ g: { id: 'g', text: 'open a shop', status: 'achieved' } });
  expect(state.metrics).toEqual({ deployments: 2 });
  expect(state.seq).toBe(4);
});

it('messages that are not the brain change nothing', () => {
  expect(after(['clock.ticked', { duty: 'strategy', slot: 1, due: 0 }])).toBe(emptyCompany);
});

it('feedback and deployments are kept up to a number', () => {
  const feedback = Array.from({ length: 60 }, (_, n) => ['brain.feedback', { from: 'ada', text: String(n) }] as const);
  const kept = after(...feedback.map(([type, data]) => [type, data] as [Message['type'], unknown])).feedback;
  expect([kept.length, kept[0]?.text, kept.at(-1)?.text]).toEqual([50, '10', '59']);
});
