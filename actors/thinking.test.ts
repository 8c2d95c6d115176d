import { expect, it } from 'vitest';
import { orgOf, START, startCompany } from './fixture.ts';

const DAY = 24 * 3_600_000;

it('a role that has used up its money for the day goes on the next day, and no attempt is used up', async () => {
  const company = await startCompany({ org: orgOf('lawyer: { duties: [advise], budget: 2 }') });
  await company.order(...['a', 'b', 'c'].map((key) => ({ key, role: 'lawyer' })), 'other');
  await company.untilDone();
  const days = ['T1', 'T2', 'T3', 'T4'].map((id) =>
    Math.floor((company.task(id).endedAt ?? 0) / DAY - Math.floor(START / DAY)),
  );
  expect(days).toEqual([0, 0, 1, 0]);
  expect(company.task('T3')).toMatchObject({ attempt: 1, failures: [] });
  expect(company.asked).toHaveLength(4);
});
