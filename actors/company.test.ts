import { describe, expect, it } from 'vitest';
import type { Question } from '../brain/models/model.ts';
import { BusFailure } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { foldOf } from '../invariants/fold.ts';
import { createBoard } from './board.ts';
import { good, MINUTE, orgOf, START, startCompany } from './fixture.ts';
import { standingNow } from './learned.ts';

const seated = (company: Awaited<ReturnType<typeof startCompany>>) =>
  company
    .of('agent.changed')
    .filter(({ data }) => data.event === 'HIRED' || data.event === 'STOPPED')
    .map(({ data }) => `${data.agent} ${data.event}`);

it('a dozen agents at work at once are no leak of listeners', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on('warning', warned);
  const company = await startCompany({ org: orgOf('', '{}', 12) });
  await company.order(...'abcdefghijkl');
  await company.until(() => company.company.inHand === 12);
  await company.untilDone();
  process.off('warning', warned);
  expect(warnings.map(({ name }) => name)).toEqual([]);
});

describe('closing', () => {
  it('a drain finishes what is in hand and leaves the rest for the next start', async () => {
    const company = await startCompany({ org: orgOf('', '{}', 1) });
    await company.order('a', 'b');
    await company.until(() => company.state('worker') === 'working.executing');
    const drained = company.company.drain('evening');
    await company.until(() => company.company.state === 'stopped');
    await drained;
    expect(['T1', 'T2'].map((id) => company.task(id).status)).toEqual(['done', 'ready']);
    expect(company.company.inHand).toBe(0);
    const before = company.bus.stream.lastSeq;
    await company.bus.close();
    const next = await startCompany({ org: orgOf('', '{}', 1), stream: company.bus.stream, at: START + 600 * MINUTE });
    await next.untilDone();
    expect(next.task('T2').status).toBe('done');
    expect(next.of('task.completed')).toHaveLength(2);
    expect(before).toBeLessThan(next.bus.stream.lastSeq);
  });

  it('a drain does not wait for what only waits', async () => {
    const script = ({ attempt }: Question) => (attempt === 1 ? 'no' : good);
    const retry = '{ backoff: { first: 4m, factor: 1, max: 4m } }';
    const company = await startCompany({ org: orgOf('', retry), script });
    await company.order('a');
    await company.until(() => company.state('worker') === 'retrying.backingOff');
    const at = company.clock.now();
    await company.company.drain('evening');
    expect(company.clock.now()).toBe(at);
    expect(company.task('T1')).toMatchObject({ status: 'retrying', phase: 'backing-off' });
    await company.bus.close();
    const next = await startCompany({ org: orgOf('', retry), script, stream: company.bus.stream, at });
    await next.untilDone();
    expect(next.task('T1')).toMatchObject({ status: 'done', attempt: 2 });
  });

  it('a drain does not wait for an answer that nobody will give any more', async () => {
    const script = ({ attempt }: Question) => (attempt < 3 ? 'no' : good);
    const company = await startCompany({ org: orgOf('', '{ waits: 2 }'), script });
    await company.order('a');
    await company.until(() => company.of('knowledge.requested').length === 1);
    const at = company.clock.now();
    await company.company.drain('evening');
    expect(company.clock.now()).toBe(at);
    expect(company.log.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('a second drain stops at once: what was in hand comes back at the next start', async () => {
    const company = await startCompany();
    await company.order('a');
    await company.until(() => company.state('worker') === 'working.executing');
    const at = company.clock.now();
    const first = company.company.drain('evening');
    await Promise.all([first, company.company.drain('now')]);
    expect([company.company.state, company.clock.now()]).toEqual(['stopped', at]);
    expect(company.task('T1').status).toBe('working');
    await company.bus.close();
    const next = await startCompany({ stream: company.bus.stream, at });
    await next.untilDone();
    expect(next.task('T1')).toMatchObject({ status: 'done', attempt: 1 });
  });

  it('a company whose stream is gone closes all the same', async () => {
    const company = await startCompany();
    await company.bus.close();
    await company.company.drain('the stream is gone');
    expect(company.company.state).toBe('stopped');
    expect(company.log).toContainEqual(expect.stringContaining('nobody hears that the company is stopped'));
  });
});

it('a company that cannot open all its mailboxes says so, and leaves none open', async () => {
  const first = await startCompany();
  await first.company.drain('evening');
  const consume = first.bus.consume.bind(first.bus);
  let left = 3;
  first.bus.consume = async (...given) => {
    left -= 1;
    if (left < 0) throw new BusFailure('DOWN', 'no more mailboxes', 'wait');
    return consume(...given);
  };
  const company = first.another();
  await expect(company.start()).rejects.toThrow('no more mailboxes');
  expect(company.state).toBe('stopped');
  await first.tell(subjects.directives, { id: 'b', type: 'backlog.given', data: { id: 'B9', tasks: [] } });
  await first.until(() => first.clock.now() > START + 30 * MINUTE);
  expect(first.of('job.stepped')).toEqual([]);
  expect((await first.bus.consumers()).every(({ inHand }) => inHand === 0)).toBe(true);
});

it('a pause takes nothing new, and what is in hand goes on', async () => {
  const company = await startCompany({ org: orgOf('', '{}', 1) });
  await company.order('a', 'b');
  await company.until(() => company.state('worker') === 'working.executing');
  await company.company.pause('founder', 'holiday');
  await company.until(() => company.clock.now() > START + 60 * MINUTE);
  expect(['T1', 'T2'].map((id) => company.task(id).status)).toEqual(['done', 'ready']);
  await company.company.resume('founder', 'back');
  await company.untilDone();
});

describe('a change of the org chart', () => {
  const worker = (instances: number) => orgOf('', '{}', instances);

  it('hires and fires while the company runs', async () => {
    const lawyer = orgOf('lawyer: { duties: [advise] }');
    const company = await startCompany();
    await company.changeOrg(lawyer);
    await company.order({ key: 'contract', role: 'lawyer' });
    await company.untilDone();
    expect(company.task('T1')).toMatchObject({ status: 'done', agent: 'lawyer' });
    await company.changeOrg(orgOf());
    expect(seated(company).slice(-2)).toEqual(['lawyer HIRED', 'lawyer STOPPED']);
  });

  it('gives more hands to what waits', async () => {
    const company = await startCompany({ org: worker(2) });
    await company.order('a', 'b', 'c', 'd');
    await company.changeOrg(worker(4));
    await company.untilDone();
    expect(company.clock.now() - START).toBe(MINUTE);
  });

  it('lets an agent that is fired finish its task', async () => {
    const company = await startCompany({ org: worker(3) });
    await company.order('a', 'b', 'c');
    await company.until(() => company.state('worker-3') === 'working.executing');
    await company.changeOrg(worker(2));
    expect(company.state('worker-3')).toBe('working.executing');
    await company.untilDone();
    expect(company.task('T3')).toMatchObject({ status: 'done', agent: 'worker-3' });
    expect(company.state('worker-3')).toBe('gone');
  });

  it('leaves whoever was alone as they were while others come and go, with their memory and standing', async () => {
    const company = await startCompany({ org: worker(1) });
    const stand = { agent: 'worker', role: 'worker', standing: 'lead', before: 'trusted', since: START } as const;
    const shown = { why: 'good work', mean: 95, low: 90, high: 99, samples: 5, evidence: ['x'] };
    const data = { ...stand, ...shown };
    await company.tell(subjects.agentStanding('worker'), { id: 'standing.worker', type: 'standing.changed', data });
    await company.order('a');
    await company.untilDone();
    for (const [index, count] of [2, 1, 2].entries()) {
      // The org chart changes while somebody is at work.
      await company.order(`b${index}`, `c${index}`);
      await company.until(() => company.state('worker') === 'working.executing');
      await company.changeOrg(worker(count));
      await company.untilDone();
    }
    const { board } = company.seen;
    const done = board.tasks().filter(({ status }) => status === 'done');
    const by = (agent: string) => done.filter((task) => task.agent === agent).length;
    expect([done.length, by('worker') + by('worker-2')]).toEqual([7, 7]);
    expect(board.state.memories.get('worker')?.memory.count).toBe(by('worker'));
    expect(board.state.memories.get('worker-2')?.memory.count).toBe(by('worker-2'));
    expect(standingNow(board.learned, company.org().standing, 'worker', company.clock)).toBe('lead');
    expect(seated(company).filter((line) => line.startsWith('worker '))).toEqual(['worker HIRED']);
    expect([company.state('worker'), company.state('worker-2')]).toEqual(['idle', 'idle']);
    const folded = createBoard();
    for (const { message, seq } of company.bus.stream.messages) folded.told(message, seq);
    expect(foldOf(folded.state)).toBe(foldOf(board.state));
  });

  it('calls back whoever was about to leave, and nobody works twice under one name', async () => {
    const company = await startCompany({ org: worker(2) });
    await company.order('a', 'b');
    await company.until(() => company.state('worker-2') === 'working.executing');
    await company.changeOrg(worker(1));
    await company.changeOrg(worker(2));
    await company.order('c');
    await company.untilDone();
    expect(seated(company)).toEqual(['cto HIRED', 'worker HIRED', 'worker-2 HIRED', 'hr HIRED']);
    expect(company.state('worker-2')).toBe('idle');
  });

  it('under way when the company closes is finished first, and opens nothing afterwards', async () => {
    const company = await startCompany();
    await company.order('a');
    await company.until(() => company.state('worker') === 'working.executing');
    const changed = company.changeOrg(orgOf('', '{ waits: 1 }'));
    const drained = company.company.drain('evening');
    await company.until(() => company.company.state === 'stopped');
    await Promise.all([changed, drained]);
    expect(company.task('T1').status).toBe('done');
    await company.tell('cto.tasks.worker', { id: 'x', type: 'assignment.given', data: { task: 'T9', why: 'new' } });
    await company.until(() => company.clock.now() > START + 30 * MINUTE);
    expect(company.of('dead.lettered')).toEqual([]);
  });
});

describe('two processes of one company', () => {
  it('share the work, and each task is done once', async () => {
    const company = await startCompany({ processes: 2 });
    await company.order('a', 'b', 'c', 'd', { key: 'e', after: ['a', 'b'] });
    await company.untilDone();
    expect(
      company
        .of('task.completed')
        .map(({ data }) => data.task.id)
        .toSorted(),
    ).toEqual(['T1', 'T2', 'T3', 'T4', 'T5']);
    expect(company.asked).toHaveLength(5);
    expect(company.clock.now() - START).toBe(2 * MINUTE);
  });

  it('tick each slot of a schedule once', async () => {
    const company = await startCompany({
      processes: 2,
      org: orgOf('boss: { duties: [strategy], schedule: { strategy: 5m } }'),
    });
    await company.until(() => company.clock.now() > START + 22 * MINUTE);
    const slots = company.of('clock.ticked').map(({ data }) => (data.due - START) / MINUTE);
    expect(slots.slice(0, 5)).toEqual([0, 5, 10, 15, 20]);
    expect(new Set(slots).size).toBe(slots.length);
  });
});
