import { describe, expect, it } from 'vitest';
import { StaleWrite } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { message, type Office, openOffice, planned, tick } from './duties/fixture.ts';
import { fileTasks } from './file-tasks.ts';
import { JobJournal, TaskJournal } from './journal.ts';

async function withTask(): Promise<Office> {
  const office = await openOffice();
  await fileTasks(await office.jobWork(tick('setup'), 'cto'), [planned('store')], { prefix: 'D1' });
  return office;
}

async function open(office: Office, agent = 'backend'): Promise<TaskJournal> {
  const journal = await TaskJournal.open(office.bus, agent, 'T1');
  if (!journal) throw new Error('no task');
  return journal;
}

/** The task taken up by an agent. */
async function begun(office: Office, agent = 'backend'): Promise<TaskJournal> {
  const journal = await open(office, agent);
  await journal.record('task.started', 'a1.w0.started', { status: 'working', attempt: 1, agent });
  return journal;
}

const counted = (result: unknown) => {
  const runs = { count: 0 };
  const run = async () => {
    runs.count += 1;
    return { result, usage: { model: 'm', inputTokens: 1, outputTokens: 1, cost: 0.5 } };
  };
  return { runs, run };
};

describe('the record of a task', () => {
  it('gives a recorded step back without running it, also after a crash', async () => {
    const office = await withTask();
    const { runs, run } = counted({ files: 3 });
    const journal = await begun(office);
    await journal.step('write', run);
    expect(await journal.step('write', run)).toEqual({ files: 3 });
    expect(await (await open(office, 'backend-2')).step('write', run)).toEqual({ files: 3 });
    expect(runs.count).toBe(1);
    expect((await office.task('T1')).spent.cost).toBe(0.5);
  });

  it('runs a step again in the next attempt', async () => {
    const office = await withTask();
    const { runs, run } = counted('x');
    const journal = await begun(office);
    await journal.step('write', run);
    journal.note({ attempt: 2 });
    await journal.step('write', run);
    expect(runs.count).toBe(2);
  });

  it('keeps a result over 64 KB as a blob, and gives it back', async () => {
    const office = await withTask();
    const large = { text: 'ß'.repeat(70_000) };
    await (await begun(office)).step('write', counted(large).run);
    const last = await office.bus.last(subjects.task('T1'));
    expect(last?.message.data).toMatchObject({ step: { result: null, blob: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(JSON.stringify(last).length).toBeLessThan(5_000);
    expect(await (await open(office)).step('write', counted('never').run)).toEqual(large);
  });

  it('refuses a blob that is not what was stored', async () => {
    const office = await withTask();
    await (await begun(office)).step('write', counted('x'.repeat(70_000)).run);
    office.bus.getBlob = async () => new TextEncoder().encode('"evil"');
    await expect((await open(office)).step('write', counted('never').run)).rejects.toMatchObject({
      code: 'BLOB_CHANGED',
    });
  });

  it('does nothing that counts before its start is on the stream, and nothing at all when that is refused', async () => {
    const office = await withTask();
    const [first, late] = [await open(office, 'backend'), await open(office, 'backend-2')];
    const tell = (agent: string) => ({ status: 'working', attempt: 1, agent }) as const;
    first.start('a1.w0.started', tell('backend'));
    late.start('a1.w0.started.again', tell('backend-2'));
    const order: string[] = [];
    const noted = async (result: string) => {
      order.push(result, (await office.task('T1')).agent ?? 'nobody');
      return { result };
    };
    await first.step('write', () => noted('first'));
    await expect(late.step('write', () => noted('late'))).rejects.toBeInstanceOf(StaleWrite);
    // Whoever waits by itself may prepare meanwhile.
    const early = late.step('write', () => late.started().then(() => noted('early')), true);
    await expect(early).rejects.toBeInstanceOf(StaleWrite);
    await expect(late.record('task.failed', 'a1.w0.failed')).rejects.toBeInstanceOf(StaleWrite);
    expect(order).toEqual(['first', 'backend']);
  });

  it('refuses a late writer', async () => {
    const office = await withTask();
    const late = await begun(office, 'backend');
    const next = await open(office, 'backend-2');
    await next.step('write', counted('by the second').run);
    await expect(late.record('task.failed', 'a1.w0.failed')).rejects.toBeInstanceOf(StaleWrite);
  });

  it('refuses a late writer that does the very same step', async () => {
    const office = await withTask();
    const late = await begun(office, 'backend');
    const next = await open(office, 'backend-2');
    await next.step('write', counted('by the second').run);
    await expect(late.step('write', counted('by the first').run)).rejects.toBeInstanceOf(StaleWrite);
    expect(await next.step('write', counted('never').run)).toBe('by the second');
  });

  it('takes its own write that was stored before the answer came for what it is', async () => {
    const office = await withTask();
    const publish = office.bus.publish.bind(office.bus);
    const journal = await begun(office);
    // The adapter tries again when no answer comes: the stream has the message already.
    office.bus.publish = async (...given) => {
      await publish(...given);
      return publish(...given);
    };
    await journal.step('write', counted({ a: undefined, b: 1 }).run);
    await journal.record('task.failed', 'a1.w0.failed', { status: 'retrying' });
    expect((await office.task('T1')).status).toBe('retrying');
  });

  it('is no record when the stream has no such task', async () => {
    expect(await TaskJournal.open((await openOffice()).bus, 'backend', 'T9')).toBeUndefined();
  });
});

describe('the record of a job', () => {
  const asked = message({ id: 'tick.digest.1', type: 'clock.ticked', data: { duty: 'digest', slot: 1, due: 0 } });
  const job = {
    id: 'tick-digest-1',
    duty: 'digest',
    agent: 'cto',
    role: 'cto',
    attempt: 1,
    status: 'working' as const,
    startedAt: 0,
    spent: { inputTokens: 0, outputTokens: 0, cost: 0 },
  };
  const cause = { id: asked.id, lineage: undefined };

  it('leaves no trace when there was nothing to do', async () => {
    const { bus } = await openOffice();
    await (await JobJournal.open(bus, job, cause, false)).done();
    expect((await bus.info()).lastSeq).toBe(0);
  });

  it('keeps what succeeded through retries and crashes, and what it cost', async () => {
    const { bus } = await openOffice();
    const { runs, run } = counted('plan');
    const first = await JobJournal.open(bus, job, cause, false);
    await first.step('decompose', run);
    await first.failed({ status: 'retrying', reason: 'no forge' });
    const second = await JobJournal.open(bus, { ...job, agent: 'cto-2' }, cause, true);
    expect(await second.step('decompose', run)).toBe('plan');
    expect(runs.count).toBe(1);
    expect(second.job).toMatchObject({ agent: 'cto-2', status: 'retrying', spent: { cost: 0.5 } });
  });

  it('records every failed try, also several of one attempt', async () => {
    const office = await openOffice();
    const journal = await JobJournal.open(office.bus, job, cause, false);
    await journal.failed({ status: 'retrying', reason: 'first' });
    await journal.failed({ status: 'retrying', reason: 'second' });
    expect(await office.on('job.*')).toHaveLength(2);
  });

  it('refuses a second one that answers the same message', async () => {
    const { bus } = await openOffice();
    const one = await JobJournal.open(bus, job, cause, false);
    const other = await JobJournal.open(bus, { ...job, agent: 'boss', role: 'boss' }, cause, false);
    await one.step('decompose', counted('one plan').run);
    await expect(other.step('decompose', counted('another plan').run)).rejects.toBeInstanceOf(StaleWrite);
  });
});
