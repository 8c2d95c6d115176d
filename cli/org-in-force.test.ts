import { describe, expect, test } from 'vitest';
import { dutyFacts } from '../actors/duties/registry.ts';
import { orgOf, type Running, startCompany } from '../actors/fixture.ts';
import { diffOrg } from '../org/diff.ts';
import { followOrg, howToApply } from './org-in-force.ts';

const workers = (count: number) => orgOf('', '{}', count);

const running = (company: Running) => ({
  org: () => company.org(),
  projections: company.seen,
  changeOrg: (after: ReturnType<typeof workers>) => company.changeOrg(after),
});

describe('an org chart that the stream has put in force', () => {
  test('is followed by who has just begun with a task: they finish it, then they go', async () => {
    const company = await startCompany({ org: workers(2) });
    await company.order('a', 'b');
    await company.until(() => company.state('worker-2') === 'working.executing');
    await followOrg(workers(1), running(company));
    await company.untilDone();
    expect(company.task('T2')).toMatchObject({ status: 'done', agent: 'worker-2', attempt: 1 });
    expect([company.state('worker'), company.state('worker-2')]).toEqual(['idle', 'gone']);
    expect(company.org().roles.find(({ name }) => name === 'worker')?.instances).toBe(1);
  });

  test('is not followed where a task would have nobody', async () => {
    const company = await startCompany({ org: orgOf('lawyer: { duties: [advise] }') });
    await company.order({ key: 'contract', role: 'lawyer' });
    await company.until(() => company.state('lawyer') === 'working.executing');
    await expect(followOrg(orgOf(), running(company))).rejects.toMatchObject({ code: 'WOULD_STRAND' });
    await company.untilDone();
    expect(company.task('T1')).toMatchObject({ status: 'done', agent: 'lawyer' });
  });
});

describe('an org file that is saved while its company runs', () => {
  test('is offered, and where a task would be stranded it is said that it is refused until then', async () => {
    const company = await startCompany({ org: orgOf('lawyer: { duties: [advise] }') });
    await company.order({ key: 'contract', role: 'lawyer' });
    const tasks = () => company.seen.board.tasks();
    const next = (after: ReturnType<typeof workers>) =>
      howToApply(diffOrg(company.org(), after, tasks(), dutyFacts()), 'org.yaml');
    expect(next(orgOf('lawyer: { duties: [advise], instances: 2 }'))).toBe(
      'to make it so: headcount org apply org.yaml',
    );
    expect(next(orgOf())).toBe(
      'it is refused as long as that task would be stranded; afterwards: headcount org apply org.yaml',
    );
    await company.untilDone();
    expect(next(orgOf())).toBe('to make it so: headcount org apply org.yaml');
  });
});
