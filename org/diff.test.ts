import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Task } from '../bus/records.ts';
import { defaultOrgPath, duties, load } from '../tests/fixtures/company-file.ts';
import { aTask } from '../tests/fixtures/story.ts';
import { diffLines, diffOrg, isEmptyDiff } from './diff.ts';
import { overlayOrg } from './overlay.ts';

const shipped = readFileSync(defaultOrgPath, 'utf8');
const before = load(shipped);
const diff = (patch: unknown, tasks: readonly Task[] = []) =>
  diffOrg(before, load(overlayOrg(shipped, patch)), tasks, duties);

const task = (change: Partial<Task>): Task =>
  aTask('T1', { title: 'Store links', type: 'code', role: 'backend', status: 'ready', ...change });

describe('what changes', () => {
  test('is nothing between a company and itself', () => {
    expect(isEmptyDiff(diff({}))).toBe(true);
    expect(diffLines(diff({}))).toEqual([]);
  });

  test('is said as hires, fires, moves and changes in plain words', () => {
    const lines = diffLines(
      diff({
        title: 'Acme Labs',
        milestones: ['first-deployment', { name: 'launch', when: 'users > 3' }],
        reward: { bands: { elite: { from: 95 } } },
        roles: {
          legal: { reportsTo: 'ceo', title: 'Counsel', duties: ['advise'], instances: 2 },
          sales: null,
          devops: { reportsTo: 'ceo' },
          backend: { instances: 3, tier: 'strategy', budget: 5, retry: { backoff: { first: '1m' } } },
          qa: { duties: ['assure', 'write-code'], schedule: { assure: '1h' } },
          cto: { schedule: null },
        },
      }),
    );
    expect(lines).toEqual([
      '+ legal (Counsel) reports to ceo, 2 agents',
      '- sales (Sales Representative)',
      '> devops reports to ceo, no longer to cto',
      '~ company: title Acme -> Acme Labs',
      '~ company: reward bands elite from 90 (praise), good from 75 (optimise), acceptable from 50 (correct), poor from 0 (recover) -> elite from 95 (praise), good from 75 (optimise), acceptable from 50 (correct), poor from 0 (recover)',
      '~ company: gains milestone launch',
      '~ company: loses milestone 10-merged-tasks',
      '~ company: loses milestone 100-merged-tasks',
      '~ company: loses milestone 100-users',
      '~ company: loses milestone first-revenue',
      '~ company: loses milestone month-without-regression',
      '~ cto: clock of digest every 2m -> none',
      '~ backend: tier coding -> strategy',
      '~ backend: instances 2 -> 3',
      '~ backend: backoff first 15s -> 1m',
      '~ backend: budget none -> $5 a day',
      '~ qa: gains duty write-code',
      '~ qa: loses duty review',
      '~ qa: loses duty advise',
      '~ qa: clock of assure every 15m -> every 1h',
    ]);
  });

  test('includes a prompt that was rewritten', () => {
    const rewritten = {
      ...before,
      roles: before.roles.map((role) => ({ ...role, prompt: `${role.prompt} Be kind.` })),
    };
    expect(diffOrg(before, rewritten, [], duties).changes.map(({ text }) => text)).toEqual(
      before.roles.map(() => 'prompt changed'),
    );
  });
});

describe('a task is stranded', () => {
  const stranded = (patch: unknown, change: Partial<Task>) =>
    diff(patch, [task(change)]).stranded.map(({ task: id, reason, next }) => `${id}: ${reason}; ${next}`);

  test('when its role goes, whatever it waits for', () => {
    for (const status of ['blocked', 'ready', 'working', 'retrying', 'waiting', 'escalated'] as const) {
      expect(stranded({ roles: { backend: null } }, { status })).toEqual([
        'T1: nobody would be backend; wait for it, reassign it, or keep backend',
      ]);
    }
  });

  test('when its role loses the duty that does its type', () => {
    const patch = { roles: { backend: { duties: ['advise'] } } };
    expect(stranded(patch, {})).toEqual([
      'T1: backend could no longer do code tasks; wait for it, reassign it, or keep the duty "write-code"',
    ]);
    expect(stranded(patch, { type: 'advice' })).toEqual([]);
  });

  test('when the agent that has it in hand goes, and only while it has', () => {
    const patch = { roles: { backend: { instances: 1 } } };
    expect(stranded(patch, { status: 'working', agent: 'backend-2' })).toEqual([
      'T1: backend-2 has it in hand and would go; wait for it, or keep 2 instances of backend',
    ]);
    expect(stranded(patch, { status: 'retrying', agent: 'backend-2' })).toHaveLength(1);
    expect(stranded(patch, { status: 'waiting', agent: 'backend-2' })).toEqual([]);
    expect(stranded(patch, { status: 'working', agent: 'backend' })).toEqual([]);
    expect(
      stranded({ roles: { qa: { instances: 2 } } }, { role: 'qa', type: 'advice', status: 'working', agent: 'qa' }),
    ).toEqual([]);
  });

  test('not when it has ended, moved with its role, or could not be done before either', () => {
    expect(stranded({ roles: { backend: null } }, { status: 'done' })).toEqual([]);
    expect(stranded({ roles: { backend: null } }, { status: 'abandoned' })).toEqual([]);
    expect(stranded({ roles: { backend: { reportsTo: 'ceo' } } }, {})).toEqual([]);
    expect(stranded({ title: 'x' }, { type: 'poetry' })).toEqual([]);
  });

  test('and is said with its title', () => {
    expect(diffLines(diff({ roles: { backend: null } }, [task({})])).at(-1)).toBe(
      '! T1 "Store links" would be stranded: nobody would be backend; wait for it, reassign it, or keep backend',
    );
  });
});
