import { expect, test } from 'vitest';
import { loadOrg } from '../../org/load.ts';
import { defaultOrgPath, duties } from '../../tests/fixtures/company-file.ts';
import { aTask, Story } from '../../tests/fixtures/story.ts';
import { tryPolicy } from './policy-trial.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const org = loadOrg(defaultOrgPath, { duties });

/** So many tasks of one agent, an hour apart, that scored so much. */
function scored(story: Story, prefix: string, count: number, score: number): void {
  for (let index = 0; index < count; index += 1) {
    const row = { signal: 'qa' as const, value: score / 100, weight: 0.3, share: 1, points: score };
    const ledger = { rows: [{ ...row, why: 'tests', evidence: [] }], missing: [] };
    const task = aTask(`${prefix}${index}`, { agent: 'backend-1', status: 'done', score, ledger });
    story.pass(HOUR).task('task.completed', 'completed', task);
  }
}

test('who was on the bench comes back in a trial too, and is judged by what came after', () => {
  const story = new Story();
  scored(story, 'T1', 8, 5);
  story.pass(8 * DAY);
  scored(story, 'T2', 12, 100);
  const { standings, assignments } = tryPolicy(story.history, org, org);
  expect(standings.before.map(({ standing }) => standing)).toEqual([
    'probation',
    'benched',
    'probation',
    'trusted',
    'lead',
  ]);
  const [, benched, back, trusted] = standings.before;
  expect(back?.since).toBe(benched?.until);
  expect(trusted?.mean).toBe(100);
  expect(standings.after).toEqual(standings.before);
  expect(assignments).toEqual([]);
});
