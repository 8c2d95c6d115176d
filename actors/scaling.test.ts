// HR in a company that runs: what it proposes, who decides, and that a decision happens, once, or is refused with a reason.

import { describe, expect, it } from 'vitest';
import type { Approval } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { loadOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { dutyFacts } from './duties/registry.ts';
import { MINUTE, type Running, START, startCompany } from './fixture.ts';

const HOUR = 60 * MINUTE;

type Shape = { readonly staffing: string; readonly workers?: number; readonly helpers?: string };

const chart = ({ staffing, workers = 1, helpers = 'advise' }: Shape) => `
company: acme
sandbox: none
staffing: ${staffing}
standing: { halfLife: 365d, spread: 1 }
reports:
  clerk: { duties: [advise] }
  cto:
    duties: [decompose]
    reports:
      worker: { duties: [advise], instances: ${workers} }
      helper: { duties: [${helpers}] }
      hr: { duties: [staff], schedule: { staff: 1h } }
`;

const orgIn = (text: string): Org =>
  loadOrg({ text, file: 'org.yaml', readPrompt: () => 'You work here.' }, { duties: dutyFacts() });

async function open(shape: Shape): Promise<Running> {
  const text = chart(shape);
  const company = await startCompany({ org: orgIn(text) });
  const data = { by: 'operator', text, summary: ['as the company starts'] };
  await company.tell(subjects.org, { id: 'org.0', type: 'org.changed', data });
  return company;
}

// A letter takes a minute, and HR looks once an hour: eighty of them still wait when it does.
const CROWD = 80;

async function waiting(company: Running, count: number): Promise<void> {
  await company.order(...Array.from({ length: count }, (_, index) => `letter-${index + 1}`));
}

const lastAsked = (company: Running): Approval => {
  const asked = company.of('approval.asked').at(-1);
  if (!asked) throw new Error('nobody was asked');
  return asked.data;
};

async function answer(company: Running, option: string): Promise<void> {
  const asked = lastAsked(company);
  const data = { ...asked, status: 'answered' as const, answer: option, by: 'founder' };
  await company.tell(subjects.approval(asked.id), {
    id: `approval.${asked.id}.asked.answered`,
    type: 'approval.answered',
    data,
  });
}

const staffed = (company: Running) => company.of('report.filed').filter(({ data }) => data.kind === 'staffing');
const byHr = (company: Running) => company.of('org.changed').filter(({ source }) => source === 'hr');
const asking = (company: Running, count = 1) => company.until(() => company.of('approval.asked').length === count);
const reported = (company: Running, count = 1) => company.until(() => staffed(company).length === count);

/** What every process does with another org chart. */
async function follow(company: Running): Promise<void> {
  const text = byHr(company).at(-1)?.data.text;
  if (text === undefined) throw new Error('HR changed nothing');
  await company.changeOrg(orgIn(text));
}

/** The process is gone right after it has written this once, before it could note that. */
function dieAfter(company: Running, type: 'task.reassigned' | 'org.changed'): void {
  const publish = company.bus.publish.bind(company.bus);
  let left = 1;
  company.bus.publish = async (...given) => {
    const written = await publish(...given);
    if (given[1].type === type && left > 0) {
      left -= 1;
      throw new Error('gone');
    }
    return written;
  };
}

describe('somebody under the same boss who has nothing to do takes a task over', () => {
  const byItself = { staffing: '{ decides: { reassign: hr }, most: 1 }' };

  it('by itself, where org.yaml lets HR decide', async () => {
    const company = await open(byItself);
    await waiting(company, CROWD);
    await reported(company);
    await company.untilDone();
    const moved = company.of('task.reassigned').map(({ data }) => data.task.id);
    expect(moved).toHaveLength(1);
    expect(company.task(moved[0] ?? '')).toMatchObject({ status: 'done', role: 'helper', agent: 'helper', attempt: 1 });
    expect(company.of('approval.asked')).toEqual([]);
    expect(staffed(company)[0]?.data.summary).toContain(`${moved[0]} goes to helper: `);
  });

  it('once, also when HR dies right after the move and hears of the tick again', async () => {
    const company = await open(byItself);
    dieAfter(company, 'task.reassigned');
    await waiting(company, CROWD);
    await company.untilDone();
    expect(company.log).toContainEqual(expect.stringContaining('hr crashed'));
    const [moved, ...more] = company.of('task.reassigned');
    expect(more).toEqual([]);
    expect(company.task(moved?.data.task.id ?? '')).toMatchObject({ status: 'done', agent: 'helper' });
    expect(staffed(company)).toHaveLength(1);
  });

  it('on a yes, where a person decides', async () => {
    const company = await open({ staffing: '{ most: 1 }' });
    await waiting(company, CROWD);
    await asking(company);
    const [option] = lastAsked(company).options;
    expect(option?.key).toMatch(/^reassign-T\d+-helper$/);
    expect(company.of('task.reassigned')).toEqual([]);
    await answer(company, option?.key ?? '');
    await company.untilDone();
    const id = option?.key.split('-')[1] ?? '';
    expect(company.task(id)).toMatchObject({ status: 'done', agent: 'helper', reassigned: 1 });
  });

  it('never, when the yes comes after somebody has begun with it', async () => {
    const company = await open({ staffing: '{ most: 1 }' });
    await waiting(company, CROWD);
    await asking(company);
    const key = lastAsked(company).options[0]?.key ?? '';
    await company.untilDone();
    await answer(company, key);
    await reported(company);
    expect(staffed(company)[0]?.data.summary).toMatch(/^not done: T\d+ goes to helper; T\d+ is no longer waiting$/);
    expect(company.of('task.reassigned')).toEqual([]);
    expect(company.of('dead.lettered')).toEqual([]);
  });

  it('not when it has another boss, as the clerk has, or cannot do the work', async () => {
    const company = await open({ staffing: '{ decides: hr, most: 1 }', helpers: 'write-documents' });
    await waiting(company, CROWD);
    await company.untilDone();
    expect([company.of('task.reassigned'), staffed(company)]).toEqual([[], []]);
  });
});

describe('one more is hired when nobody can help', () => {
  const alone = { helpers: 'write-documents' };

  it('on a yes, and works', async () => {
    const company = await open({ ...alone, staffing: '{}' });
    await waiting(company, CROWD);
    await asking(company);
    expect(lastAsked(company).options.map(({ key }) => key)).toEqual(['hire-worker-2', 'leave']);
    expect(byHr(company)).toEqual([]);
    await answer(company, 'hire-worker-2');
    await reported(company);
    expect(byHr(company)).toMatchObject([{ data: { by: 'founder', summary: ['one more worker, 2 in all'] } }]);
    await follow(company);
    await company.untilDone();
    expect(company.of('task.completed').some(({ data }) => data.task.agent === 'worker-2')).toBe(true);
  });

  it('by itself, where org.yaml lets HR decide', async () => {
    const company = await open({ ...alone, staffing: '{ decides: hr }' });
    await waiting(company, CROWD);
    await reported(company);
    expect(byHr(company)).toMatchObject([{ data: { by: 'hr' } }]);
    expect(company.of('approval.asked')).toEqual([]);
  });

  it.each(['{}', '{ decides: hr }'])(
    'once, also when HR dies right after and hears of it again: %s',
    async (staffing) => {
      const company = await open({ ...alone, staffing });
      dieAfter(company, 'org.changed');
      await waiting(company, CROWD);
      if (staffing === '{}') {
        await asking(company);
        await answer(company, 'hire-worker-2');
      }
      await company.until(() => byHr(company).length > 0);
      // The org chart is in force before HR comes back to it.
      await follow(company);
      await reported(company);
      await company.until(() => company.clock.now() > START + HOUR + 10 * MINUTE);
      expect(company.log).toContainEqual(expect.stringContaining('hr crashed'));
      expect(byHr(company)).toHaveLength(1);
      expect(staffed(company).map(({ data }) => data.summary)).toEqual([
        expect.stringMatching(/^one more worker, 2 in all/),
      ]);
    },
  );

  it('never after a no, which is not asked about again for a week', async () => {
    const company = await open({ ...alone, staffing: '{}' });
    await waiting(company, 5 * CROWD);
    await asking(company);
    await answer(company, 'leave');
    await company.untilDone();
    expect(company.clock.now()).toBeGreaterThan(START + 4 * HOUR);
    expect([company.of('approval.asked').length, byHr(company), staffed(company)]).toEqual([1, [], []]);
  });

  it('not by a yes that comes after somebody else has hired', async () => {
    const company = await open({ ...alone, staffing: '{}' });
    await waiting(company, CROWD);
    await asking(company);
    const text = chart({ ...alone, staffing: '{}', workers: 3 });
    await company.tell(subjects.org, {
      id: 'org.by-hand',
      type: 'org.changed',
      data: { by: 'operator', text, summary: [] },
    });
    await company.changeOrg(orgIn(text));
    await answer(company, 'hire-worker-2');
    await reported(company);
    expect(byHr(company)).toEqual([]);
    const said = 'not done: one more worker, 2 in all; there are 3 of worker by now';
    expect(staffed(company)[0]?.data.summary).toBe(said);
  });
});

describe('the last one of a role is let go when it is on the bench and nothing waits', () => {
  const stand = (company: Running, standing: 'benched' | 'probation') =>
    company.tell(subjects.agentStanding('worker-2'), {
      id: `standing.worker-2.${standing}.x`,
      type: 'standing.changed',
      data: {
        agent: 'worker-2',
        role: 'worker',
        standing,
        before: standing === 'benched' ? 'probation' : 'benched',
        since: START,
        ...(standing === 'benched' ? { until: START + 7 * 24 * HOUR } : {}),
        why: 'five poor tasks',
        mean: 20,
        low: 10,
        high: 30,
        samples: 5,
        evidence: ['x'],
      },
    });

  async function benched(staffing: string): Promise<Running> {
    const company = await open({ staffing, workers: 2, helpers: 'write-documents' });
    await stand(company, 'benched');
    return company;
  }

  it('by itself, where org.yaml lets HR decide', async () => {
    const company = await benched('{ decides: { bench: hr } }');
    await reported(company);
    await follow(company);
    expect(byHr(company)).toMatchObject([{ data: { by: 'hr', summary: ['one fewer worker, 1 in all'] } }]);
    await waiting(company, 1);
    await company.untilDone();
    expect(company.state('worker-2')).toBe('gone');
    expect(company.task('T1')).toMatchObject({ status: 'done', agent: 'worker' });
  });

  it('on a yes', async () => {
    const company = await benched('{}');
    await asking(company);
    await answer(company, 'bench-worker-1');
    await reported(company);
    expect(byHr(company)).toMatchObject([{ data: { by: 'founder' } }]);
  });

  it('not by a yes that comes when it is back at work', async () => {
    const company = await benched('{}');
    await asking(company);
    await stand(company, 'probation');
    await waiting(company, CROWD);
    await company.until(() => company.state('worker-2') === 'working.executing');
    await answer(company, 'bench-worker-1');
    await reported(company);
    expect(staffed(company)[0]?.data.summary).toMatch(/^not done: .*; worker-2 has T\d+ in hand$/);
    expect(byHr(company)).toEqual([]);
  });
});
