import { describe, expect, it } from 'vitest';
import type { Product, Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { createDisk, openMemoryProducts } from '../../tools/memory/products.ts';
import { noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';
import { account } from './account.ts';
import { weekOf } from './finance.ts';
import { type Office, openOffice, orgWith, planned, START, tick } from './fixture.ts';

const shop: Product = {
  slug: 'shop',
  name: 'Shop',
  description: 'Sells things.',
  stack: [],
  test: ['node', '--test'],
  start: undefined,
  health: [],
};

describe('accounting', () => {
  /** A call on the ledger, settled for `cost` unless that is undefined. */
  async function call(
    office: Office,
    about: { id: string; role?: string; goal?: string; task?: string; cost?: number },
  ) {
    const { id, role = 'backend', goal, task, cost } = about;
    const whose = { role, agent: `${role}-1`, teams: ['cto', 'ceo'], work: 'w', about: 'w', purpose: 'write' };
    const data = { call: id, worst: 2, at: office.clock.now(), ...whose, deadline: START + 1, caps: {} };
    const of = { ...(goal !== undefined && { goal }), ...(task !== undefined && { task }) };
    await office.tell(subjects.money, { id: `${id}.reserved`, type: 'money.reserved', data: { ...data, ...of } });
    if (cost === undefined) return;
    await office.tell(subjects.moneyEnds, { id: `${id}.settled`, type: 'money.settled', data: { call: id, cost } });
  }

  const reports = async (office: Office) =>
    (await office.on('agent.reports')).flatMap(({ message: { data } }) =>
      'kind' in data && 'summary' in data ? [data] : [],
    );

  it('reports what the ledger says was spent, whatever tasks say, and nothing when nothing was spent since', async () => {
    const office = await openOffice({ org: orgWith() });
    await fileTasks(await office.jobWork(tick('x'), 'cto'), [planned('a')], { prefix: 'D1' });
    expect(await office.run(account, tick('account'), 'finance')).toBe(false);
    const spent = { inputTokens: 1, outputTokens: 1, cost: 9, workingMs: 1 };
    const task: Task = { ...(await office.task('T1')), status: 'done', merged: 'abc', spent };
    await office.tell(subjects.task('T1'), { id: 'task.T1.completed', type: 'task.completed', data: { task } });
    await call(office, { id: 'a', goal: 'ship', task: 'T1', cost: 0.5 });
    await call(office, { id: 'b', role: 'qa', cost: 0.25 });
    await call(office, { id: 'c', role: 'qa' });
    expect(await office.run(account, tick('account', 2), 'finance')).toBe(true);
    const [report] = await reports(office);
    expect(report).toMatchObject({ kind: 'finance', cost: 2.75 });
    for (const line of [
      'Spent $2.75 in all, $2.75 since the last report.',
      '$2.00 of it is the worst case of calls that nobody has settled.',
      '1 merged tasks: $0.50 each for their own calls, $2.75 with all others.',
      '| qa | 2 | $2.25 |',
      '| ship | 1 | $0.50 |',
      '| T1 | 1 | $0.50 |',
      'Nothing has a budget.',
    ])
      expect(report?.summary.split('\n')).toContain(line);
    expect(await office.run(account, tick('account', 3), 'finance')).toBe(false);
  });

  it('puts the report of a week into the product, once, in the same words', async () => {
    const products = openMemoryProducts({
      disk: createDisk(),
      test: () => ({ ok: true, outcome: 'passed', summary: '', tail: '' }),
    });
    const org = { ...orgWith([shop]), budget: { warn: 0.8, month: 30 } };
    const office = await openOffice({ org, tools: { ...noTools, products } });
    await call(office, { id: 'a', cost: 0.5 });
    await office.run(account, tick('account', 1), 'finance');
    const head = await products.head('shop');
    expect(await products.log('shop')).toMatchObject([
      { author: 'finance', subject: 'Finance report of 2026-W02' },
      {},
    ]);
    const text = await products.read('shop', head, 'docs/finance/2026-W02.md');
    expect(text).toMatch(/^# Finance, 2026-W02\n/);
    expect(text).toContain('- company.month.2026-01: $0.50 of $30.00, 98 % left');
    // The same tick again, as after a crash before it was settled.
    await account.run(await office.jobWork(tick('account', 1), 'finance'));
    expect([await products.head('shop'), (await reports(office)).length]).toEqual([head, 1]);
  });

  it('keeps its reports out of a repository that belongs to a person', async () => {
    const office = await openOffice({ org: orgWith([{ ...shop, repo: '/home/ada/shop', automation: 'supervised' }]) });
    await call(office, { id: 'a', cost: 0.5 });
    expect(await office.run(account, tick('account'), 'finance')).toBe(true);
    expect(await reports(office)).toHaveLength(1);
  });

  it('knows the week of a day, also over the end of a year', () => {
    const days = ['2026-01-05T09:00Z', '2027-01-03T12:00Z', '2024-12-30T00:00Z', '2021-01-01T00:00Z'];
    expect(days.map((day) => weekOf(Date.parse(day)))).toEqual(['2026-W02', '2026-W53', '2025-W01', '2020-W53']);
  });
});
