import { describe, expect, it } from 'vitest';
import { MINUTE, orgOf, type Running, START, startCompany } from './fixture.ts';

/** A process that ends, with everything it has in hand, when this step of the task `bad` is about to run. */
async function life(before: Running | undefined, step: string): Promise<{ company: Running; ended: Promise<void> }> {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const company: Running = await startCompany({
    org: orgOf('', '{}', 1),
    at: before === undefined ? START : before.clock.now() + MINUTE,
    ...(before === undefined ? {} : { stream: before.bus.stream }),
    atStep: async (where, turn) => {
      if (where.step !== step || !where.task.endsWith('.bad')) return;
      await company.bus.close();
      end();
      await turn.pause(() => new Promise<never>(() => {}));
    },
  });
  return { company, ended };
}

describe('a message that ends every process that has it', () => {
  it('goes to the dead letters after six of them; its task is escalated, and the others go on', async () => {
    let { company, ended } = await life(undefined, 'advise');
    await company.order('bad');
    for (let lives = 1; lives <= 6; lives += 1) {
      await ended;
      expect(company.of('dead.lettered')).toEqual([]);
      ({ company, ended } = await life(company, 'advise'));
    }
    await company.order('fine');
    await company.untilDone();
    expect(company.of('dead.lettered').map(({ data }) => [data.consumer, data.reason])).toEqual([
      ['worker', '6 deliveries in a row came to nothing: each time its process ended without a word'],
    ]);
    const escalated = company.of('task.escalated').map(({ data, source }) => [data.task.id, source]);
    expect(escalated).toEqual([['T1', 'supervisor']]);
    expect(company.task('T2').status).toBe('done');
    expect(company.of('delivery.tried').map(({ data }) => data.tries)).toEqual([2, 3, 4, 5, 6]);
  });

  it('is forgiven whenever something was recorded in between', async () => {
    let { company, ended } = await life(undefined, 'advise');
    await company.order('bad');
    for (let lives = 1; lives <= 5; lives += 1) {
      await ended;
      ({ company, ended } = await life(company, 'advise'));
    }
    await ended;
    // Somebody writes on its subject: the next process is the first again.
    const edited = { ...company.task('T1'), priority: 'high' as const };
    const { stream } = company.bus;
    const seq = stream.last('task.T1');
    if (!seq) throw new Error('no task');
    const { message } = seq;
    if (message.type !== 'task.started') throw new Error(message.type);
    stream.put({ ...message, id: 'edit', data: { task: edited } }, company.clock.now());
    ({ company, ended } = await life(company, 'advise'));
    await ended;
    expect(company.of('delivery.tried').map(({ data }) => data.tries)).toEqual([2, 3, 4, 5, 6, 1]);
    expect(company.of('dead.lettered')).toEqual([]);
  });
});
