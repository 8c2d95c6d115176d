// Reservations of several agents at once: who waits while one is written is in the next write, and nobody gets more than there is.

import { expect, it } from 'vitest';
import type { Clock, Turn } from '../../bus/clock.ts';
import { reservationsIn } from '../../bus/money.ts';
import { subjects } from '../../bus/subjects.ts';
import { roleOf } from '../../org/org.ts';
import { orgOf, startCompany } from '../fixture.ts';
import { OutOfMoney } from './asking.ts';
import { openMoney, type Paid } from './desk.ts';

const usage = { model: 'script', inputTokens: 10, outputTokens: 10, cost: 1 };

/**
 * A desk in a company that may spend so much, US dollars. One of its writes (the first, the second) is held back until `release`;
 * `reached` when it is tried.
 */
async function heldDesk(budget: number, which = 1) {
  const org = orgOf('', `{ waits: 2 }\nbudget: ${budget}`, 1);
  const company = await startCompany({ org });
  const { bus, clock, seen } = company;
  const role = roleOf(org, 'worker');
  if (!role) throw new Error('no worker');
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  let writesBegun = 0;
  const publish = bus.publish.bind(bus);
  bus.publish = async (...given) => {
    if (given[0] === subjects.money) writesBegun += 1;
    if (given[0] === subjects.money && writesBegun === which) {
      reach();
      await gate;
    }
    return publish(...given);
  };
  const money = openMoney({ bus, clock, org: () => org, board: seen.board, log: () => {} });
  const spend = (id: string, { worst = 1, turn = clock }: { worst?: number; turn?: Turn } = {}): Promise<Paid> => {
    const about = { work: 'D1.a', about: 'D1.a', task: undefined, purpose: 'advise' };
    const started = async () => {};
    const call = { id, agent: 'worker', role, ...about, worst, longestMs: 60_000, started, turn };
    return money.during(call, async () => ({ usage }));
  };
  const writes = () => company.of('money.reserved').map(({ data }) => reservationsIn(data).map(({ call }) => call));
  const used = () => seen.board.books.used('company.day.2026-01-05');
  return { ...company, money, spend, writes, used, release, reached };
}

const ENOUGH = new Error('the step is past its limit');

/** A turn whose waits end when somebody gives up. */
function impatient(clock: Clock): { turn: Turn; giveUp: () => void } {
  let giveUp = () => {};
  const left = new Promise<never>((_, reject) => {
    giveUp = () => reject(ENOUGH);
  });
  const turn: Turn = {
    now: () => clock.now(),
    sleepUntil: (at, signal) => clock.sleepUntil(at, signal),
    pause: (wait) => Promise.race([wait(), left]),
  };
  return { turn, giveUp };
}

it('who waits while a reservation is written is in the next one, together and in order', async () => {
  const desk = await heldDesk(100);
  const spent = ['a', 'b', 'c', 'd'].map((id) => desk.spend(id));
  desk.release();
  await Promise.all(spent);
  await desk.money.close();
  expect(desk.writes()).toEqual([['a.t1'], ['b.t1', 'c.t1', 'd.t1']]);
  expect(desk.used()).toBe(4_000_000);
});

it('who does not fit is told so, and holds up nobody behind', async () => {
  const desk = await heldDesk(3);
  const spent = [desk.spend('a'), desk.spend('b'), desk.spend('dear', { worst: 2 }), desk.spend('c')];
  desk.release();
  const results = await Promise.allSettled(spent);
  await desk.money.close();
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(results[2]).toMatchObject({ reason: expect.any(OutOfMoney) });
  expect(desk.writes()).toEqual([['a.t1'], ['b.t1', 'c.t1']]);
  expect(desk.used()).toBe(3_000_000);
});

it('one write never sets aside more than a wallet has', async () => {
  const desk = await heldDesk(3);
  const spent = ['a', 'b', 'c', 'd', 'e'].map((id) => desk.spend(id));
  desk.release();
  const results = await Promise.allSettled(spent);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(desk.writes()).toEqual([['a.t1'], ['b.t1', 'c.t1']]);
});

it('a question that waits twice is two calls, in two writes', async () => {
  const desk = await heldDesk(100);
  const spent = ['a', 'q', 'q', 'b'].map((id) => desk.spend(id));
  desk.release();
  await Promise.all(spent);
  expect(desk.writes()).toEqual([['a.t1'], ['q.t1', 'b.t1'], ['q.t2']]);
});

it('who gives up waiting while the stream takes the write gets nothing, and holds nothing', async () => {
  const desk = await heldDesk(100);
  const { turn, giveUp } = impatient(desk.clock);
  const first = desk.spend('a');
  const second = desk.spend('b', { turn });
  giveUp();
  await expect(second).rejects.toBe(ENOUGH);
  desk.release();
  await first;
  await desk.spend('c');
  await desk.money.close();
  expect(desk.writes()).toEqual([['a.t1'], ['c.t1']]);
  expect(desk.used()).toBe(2_000_000);
});

it('who gives up waiting while it is in the write of another gets its money back', async () => {
  const desk = await heldDesk(100, 2);
  const { turn, giveUp } = impatient(desk.clock);
  const first = desk.spend('a');
  const second = desk.spend('b');
  const third = desk.spend('c', { turn });
  await first;
  await desk.reached;
  giveUp();
  await expect(third).rejects.toBe(ENOUGH);
  desk.release();
  await second;
  await desk.money.close();
  expect(desk.writes()).toEqual([['a.t1'], ['b.t1', 'c.t1']]);
  expect(desk.of('money.refunded').map(({ data }) => data.call)).toEqual(['c.t1']);
  expect(desk.used()).toBe(2_000_000);
});
