import { expect, it } from 'vitest';
import type { Approval } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { good, MINUTE, orgOf, type Running, type Script, START, startCompany } from './fixture.ts';

const HOUR = 60 * MINUTE;

/** HR asks a person; the work itself fails the first time it is tried. */
const asking = (recommended: boolean): Script => {
  return ({ purpose, attempt }) => {
    if (purpose === 'staff') {
      const options = [
        { key: 'retry', label: 'try again', ...(recommended ? { recommended } : {}) },
        { key: 'abandon', label: 'give it up' },
      ];
      return { action: 'ask', question: 'What now?', options };
    }
    return attempt === 1 ? 'no' : good;
  };
};

async function stuck(recommended: boolean, processes = 1): Promise<Running> {
  const org = orgOf('', '{ ladder: [standard, escalate] }');
  const company = await startCompany({ org, script: asking(recommended), processes });
  await company.order('a');
  await company.until(() => company.of('approval.asked').length === 1);
  return company;
}

it('a question that nobody answers in time is decided as recommended, once, by any number of processes', async () => {
  const company = await stuck(true, 3);
  await company.untilDone();
  const expired = company.of('approval.expired');
  expect(expired.map(({ data }) => [data.id, data.status, data.answer, data.by])).toEqual([
    ['Q-T1', 'expired', 'retry', 'nobody'],
  ]);
  expect(company.task('T1')).toMatchObject({ status: 'done', reassigned: 1 });
  expect(company.clock.now() - START).toBeGreaterThan(24 * HOUR);
});

it('without a recommended option the task stays escalated, and can still be answered', async () => {
  const company = await stuck(false, 2);
  await company.until(() => company.clock.now() > START + 60 * HOUR);
  expect(company.of('approval.expired').map(({ data }) => data.answer)).toEqual([undefined]);
  expect(company.task('T1').status).toBe('escalated');
  const [asked] = company.of('approval.asked');
  const answer: Approval = { ...(asked?.data as Approval), status: 'answered', answer: 'abandon', by: 'eva' };
  await company.tell(subjects.approval('Q-T1'), { id: 'late', type: 'approval.answered', data: answer });
  await company.untilDone();
  expect(company.task('T1').status).toBe('abandoned');
});
