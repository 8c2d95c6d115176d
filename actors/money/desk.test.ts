// The desk on both buses: no wallet is overdrawn, whoever spends at once and whatever a call comes to.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelFailure } from '../../brain/models/model.ts';
import { RealClock } from '../../bus/clock.ts';
import { StaleWrite } from '../../bus/errors.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { createHabits, type Habits } from '../../bus/memory/habits.ts';
import { patient } from '../../bus/memory/patience.ts';
import { MemoryBus } from '../../bus/memory.ts';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';
import { subjects } from '../../bus/subjects.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { type Org, roleOf } from '../../org/org.ts';
import { createBoard } from '../board.ts';
import { WorkFailure } from '../duty.ts';
import { orgOf, type Running, startCompany } from '../fixture.ts';
import { follow } from '../projections.ts';
import { OutOfMoney } from './asking.ts';
import { type Money, openMoney } from './desk.ts';
import type { Call } from './entries.ts';

const usage = { model: 'script', inputTokens: 10, outputTokens: 10, cost: 1 };

function callFor(org: Org, turn: Call['turn'], id: string, worst = 1): Call {
  const role = roleOf(org, 'worker');
  if (!role) throw new Error('no worker');
  const task = { id: 'T1', lineage: 'T1', goal: undefined, directive: undefined };
  const about = { work: 'D1.a', about: 'D1.a', task, purpose: 'advise' };
  const started = async () => {};
  return { id, agent: 'worker', role, ...about, worst, longestMs: 60_000, started, turn };
}

/** A desk on a memory bus of its own, and how a call on it ends. */
async function openDesk(org: Org) {
  const company = await startCompany({ org });
  const { bus, clock, seen } = company;
  const money = openMoney({ bus, clock, org: () => org, board: seen.board, log: () => {} });
  const settled = async () => {
    await money.close();
    return company.of('money.settled').map(({ data }) => data);
  };
  return { ...company, money, settled, call: (id: string, worst?: number) => callFor(org, clock, id, worst) };
}

describe('what a call comes to', () => {
  const org = orgOf('', '{ lineage: { cost: 10 } }');

  it('is what its usage says, and the rest of what was set aside is free again', async () => {
    const { money, call, settled, seen } = await openDesk(org);
    await money.during(call('q', 6), async () => ({ usage }));
    expect(await settled()).toMatchObject([{ call: 'q.t1', cost: 1 }]);
    expect(seen.board.books.used('lineage.T1')).toBe(1_000_000);
  });

  it('is nothing when the provider refused it', async () => {
    const { money, call, of, seen, settled } = await openDesk(org);
    const refused = new ModelFailure({ kind: 'quota', reason: '429' });
    await expect(money.during(call('q'), () => Promise.reject(refused))).rejects.toBe(refused);
    expect(await settled()).toEqual([]);
    expect(of('money.refunded').map(({ data }) => data)).toEqual([{ call: 'q.t1', reason: '429' }]);
    expect(seen.board.books.used('lineage.T1')).toBe(0);
  });

  it('is nothing when the work turns out to be somebody else’s: nobody is asked', async () => {
    const { money, call, of, settled } = await openDesk(org);
    const late = new StaleWrite(subjects.task('T1'), 1);
    let asked = 0;
    const asking = money.during({ ...call('q'), started: () => Promise.reject(late) }, async () => {
      asked += 1;
      return { usage };
    });
    await expect(asking).rejects.toBe(late);
    expect(await settled()).toEqual([]);
    expect(of('money.refunded')).toMatchObject([{ data: { call: 'q.t1' } }]);
    expect(asked).toBe(0);
  });

  it('asks nobody for money when the work turns out to be somebody else’s and the purse is empty', async () => {
    const { money, call, of } = await openDesk(org);
    const late = new StaleWrite(subjects.task('T1'), 1);
    const poor = { ...call('q', 11), started: () => Promise.reject(late) };
    await expect(money.during(poor, async () => ({ usage }))).rejects.toBe(late);
    expect(of('approval.asked')).toEqual([]);
  });

  it('is its worst case when it ended without a word', async () => {
    const { money, call, settled } = await openDesk(org);
    await expect(money.during(call('q', 3), () => Promise.reject(new Error('reset')))).rejects.toThrow('reset');
    expect(await settled()).toEqual([{ call: 'q.t1', cost: 3 }]);
  });

  it('is what a failed one used, and the failure says so', async () => {
    const { money, call, settled } = await openDesk(org);
    const failed = new WorkFailure({ kind: 'contract', reason: 'no JSON' }, usage);
    await expect(money.during(call('q', 3), () => Promise.reject(failed))).rejects.toMatchObject({ usage });
    expect(await settled()).toMatchObject([{ cost: 1 }]);
  });

  it('is never free because nobody says what was used', async () => {
    const { money, call, settled } = await openDesk(org);
    const silent = { model: 'script', inputTokens: 0, outputTokens: 0, cost: 0 };
    const charged = await money.during(call('q', 3), async () => ({ usage: silent }));
    expect(charged.usage).toEqual({ ...silent, cost: 3, estimated: true });
    expect(await settled()).toMatchObject([{ cost: 3, usage: { estimated: true } }]);
  });
});

it('a call about a task serves the goal of the task, also where its wallet does not pay', async () => {
  const company = await openDesk(orgOf());
  await company.order({ key: 'a', goal: 'live' });
  await company.untilDone();
  const task = company.task('T1');
  const { money, call, of } = company;
  await money.during({ ...call('review'), task: undefined, work: 'pull-1', about: task.key }, async () => ({ usage }));
  const review = of('money.reserved').find(({ data }) => data.work === 'pull-1')?.data;
  expect(review).toMatchObject({ about: task.key, goal: 'live' });
  expect(review?.task).toBeUndefined();
});

describe('a wallet', () => {
  it('counts an open call in full, for ever, and a question asked again is another call', async () => {
    const { money, call, of } = await openDesk(orgOf('', '{ lineage: { cost: 2.5 } }'));
    const crash = () => new Promise<never>(() => {});
    void money.during(call('q'), crash);
    void money.during(call('q'), crash);
    await expect(money.during(call('q'), async () => ({ usage }))).rejects.toBeInstanceOf(WorkFailure);
    expect(of('money.reserved').map(({ data }) => data.call)).toEqual(['q.t1', 'q.t2']);
  });

  it('warns once, when four fifths are used', async () => {
    const { money, call, of } = await openDesk(orgOf('', '{ lineage: { cost: 5 } }'));
    for (const id of ['a', 'b', 'c', 'd', 'e']) await money.during(call(id), async () => ({ usage }));
    await money.close();
    expect(of('money.warned').map(({ data }) => data)).toEqual([{ purse: 'lineage.T1', used: 4, cap: 5 }]);
  });
});

it('a wallet is not called empty by a process that has not heard of a settlement yet', async () => {
  const org = orgOf('', '{ lineage: { cost: 1.5 } }');
  const { money, call, bus, clock, settled, of } = await openDesk(org);
  await money.during(call('first', 1), async () => ({ usage: { ...usage, cost: 0.2 } }));
  await settled();
  const lagging = openMoney({ bus, clock, org: () => org, board: createBoard(), log: () => {} });
  await lagging.during(call('second', 1), async () => ({ usage }));
  await lagging.close();
  expect(of('money.stopped')).toEqual([]);
  expect(of('money.settled').map(({ data }) => data.cost)).toEqual([0.2, 1]);
});

const budget = (file: string) => orgOf('', `{ waits: 2 }\nbudget: ${file}`, 1);
const stopped = (company: Running) => company.state('worker')?.startsWith('unfunded') === true;

describe('an agent without money', () => {
  const answered = async (company: Running, option: string) => {
    const [asked] = company.of('approval.asked');
    if (!asked) throw new Error('nobody was asked');
    const data = { ...asked.data, status: 'answered' as const, answer: option, by: 'founder' };
    await company.tell(asked.subject, { id: `${asked.id}.answered`, type: 'approval.answered', data });
  };

  it('goes on when a person raises the cap, with the same attempt and nothing paid for twice', async () => {
    const company = await startCompany({ org: budget('2') });
    await company.order('a', 'b', 'c');
    await company.until(() => stopped(company));
    expect(company.of('approval.asked').map(({ data }) => data.options.map(({ key }) => key))).toEqual([
      ['raise', 'leave'],
    ]);
    await answered(company, 'raise');
    await company.untilDone();
    expect(company.of('money.raised').map(({ data }) => [data.purse, data.amount, data.by])).toEqual([
      ['company.day.2026-01-05', 1, 'founder'],
    ]);
    expect(company.task('T3')).toMatchObject({ status: 'done', attempt: 1, failures: [] });
    expect(company.clock.now()).toBeLessThan(Date.UTC(2026, 0, 6));
  });

  it('waits for the next day when a person leaves it', async () => {
    const company = await startCompany({ org: budget('2') });
    await company.order('a', 'b', 'c');
    await company.until(() => stopped(company));
    await answered(company, 'leave');
    await company.untilDone();
    expect(company.of('money.raised')).toEqual([]);
    expect(company.task('T3').endedAt).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 6));
  });

  it('waits for the next month when that is what is empty', async () => {
    const company = await startCompany({ org: budget('{ month: 1 }') });
    await company.order('a', 'b');
    await company.untilDone();
    expect(company.task('T2').endedAt).toBeGreaterThanOrEqual(Date.UTC(2026, 1, 1));
  });

  it('goes on when the org chart has more', async () => {
    const company = await startCompany({ org: budget('1') });
    await company.order('a', 'b');
    await company.until(() => stopped(company));
    await company.changeOrg(budget('5'));
    await company.untilDone();
    expect(company.clock.now()).toBeLessThan(Date.UTC(2026, 0, 6));
  });

  it('gives its work back when the company closes, and whoever starts next takes it up', async () => {
    const company = await startCompany({ org: budget('1') });
    await company.order('a', 'b');
    await company.until(() => stopped(company));
    await company.company.drain('over');
    await company.clock.turn(() => company.another().start());
    await company.untilDone();
    expect(company.task('T2')).toMatchObject({ status: 'done', attempt: 1, failures: [] });
  });

  it('is asked about once, by however many', async () => {
    const org = orgOf('', '{ waits: 2 }\nbudget: 1', 4);
    const company = await startCompany({ org });
    await company.order('a', 'b', 'c', 'd', 'e');
    await company.until(() => company.of('agent.changed').filter(({ data }) => data.event === 'UNFUNDED').length === 4);
    expect(company.of('money.stopped')).toHaveLength(1);
    expect(company.of('approval.asked')).toHaveLength(1);
    expect(company.asked).toHaveLength(1);
  });
});

it('a task whose lineage has no money left is tried again with the money that a person adds', async () => {
  const org = orgOf('', '{ ladder: [standard, standard, standard, escalate], lineage: { cost: 1.5 } }', 1);
  const company = await startCompany({
    org,
    script: ({ attempt }) => (attempt === 1 ? 'no' : { summary: 's', advice: 'a' }),
  });
  await company.order('hard');
  await company.until(() => company.of('approval.asked').length === 1);
  const [asked] = company.of('approval.asked');
  if (!asked) throw new Error('nobody was asked');
  expect(asked.data.options[0]?.label).toContain('with $0.75 more');
  const data = { ...asked.data, status: 'answered' as const, answer: 'retry', by: 'founder' };
  await company.tell(asked.subject, { id: `${asked.id}.answered`, type: 'approval.answered', data });
  await company.untilDone();
  expect(company.task('T1').status).toBe('done');
  expect(company.of('money.raised').map(({ data: { purse, amount } }) => [purse, amount])).toEqual([
    ['lineage.T1', 0.75],
  ]);
});

it('a settlement that waits for the stream neither holds the work nor is held by it', async () => {
  const start = Date.UTC(2030, 0, 1);
  const virtual = new VirtualClock({ start, serial: true });
  const { clock, wait } = patient(virtual);
  const lossy: Pick<Habits, 'publish'> = {
    publish: ({ type }, now) => (type === 'money.settled' && now < start + 20_000 ? 'lost' : 'stored'),
  };
  const habits = Object.assign(
    createHabits([], () => 1),
    lossy,
  );
  const bus = new MemoryBus('acme', clock, { habits, wait });
  const { board } = await follow(bus);
  const org = budget('10');
  const money = openMoney({ bus, clock, org: () => org, board, log: () => {} });
  const settledAfter = async () => {
    const last = await bus.last(subjects.moneyEnds);
    return last?.message.type === 'money.settled' ? Date.parse(last.message.time) - start : undefined;
  };
  const worked: number[] = [];
  await clock.turn(async (turn) => {
    await money.during(callFor(org, turn, 'q'), async () => ({ usage }));
    for (const ms of [3_000, 3_600_000]) {
      await turn.sleepUntil(start + ms);
      worked.push(turn.now() - start);
    }
  });
  expect([worked, await settledAfter()]).toEqual([[3_000, 3_600_000], 0]);
  // Time has gone on with everybody in their place.
  expect(await clock.turn(async (turn) => turn.now() - start)).toBe(3_600_000);
});

describe('many processes on one stream', () => {
  let storeDir: string;
  let server: RunningServer;
  beforeAll(async () => {
    storeDir = await mkdtemp(join(tmpdir(), 'headcount-desk-'));
    server = await startServer({ storeDir, port: 0, sync: 'fast' });
  });
  afterAll(async () => {
    await server.stop();
    await rm(storeDir, { recursive: true });
  });

  it('never spend more than there is, however many ask at once', async () => {
    const org = budget('10');
    const clock = new RealClock();
    const desks: Money[] = [];
    const ends: (() => Promise<void>)[] = [];
    for (const _ of [1, 2, 3]) {
      const owner = { workspace: '/w', kind: 'company' as const };
      const bus = await openJetStreamBus({ servers: server.url, company: 'purse', clock, owner });
      const { board, close } = await follow(bus);
      desks.push(openMoney({ bus, clock, org: () => org, board, log: () => {} }));
      ends.push(close, () => bus.close());
    }
    const asked = desks.flatMap((money, process) =>
      Array.from({ length: 12 }, (_, n) => {
        const call = { ...callFor(org, clock, `p${process}.q${n}`), agent: `worker@p${process}` };
        return money.during(call, async () => ({ usage }));
      }),
    );
    const results = await Promise.allSettled(asked);
    await Promise.all(desks.map((money) => money.close()));
    const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(refused.every((reason) => reason instanceof OutOfMoney)).toBe(true);
    const bus = await openJetStreamBus({ servers: server.url, company: 'purse', clock });
    const board = createBoard();
    for await (const { message, seq } of bus.replay({ filter: 'money.>' })) board.told(message, seq);
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    expect(board.books.used(`company.day.${day}`)).toBe(10_000_000);
    for (const end of [...ends, () => bus.close()]) await end();
  });
});
