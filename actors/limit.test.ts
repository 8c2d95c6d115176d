import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { RealClock } from '../bus/clock.ts';
import type { TaskDuty } from './duty.ts';
import { MINUTE, orgOf, START, startCompany } from './fixture.ts';
import { StepLimit } from './limit.ts';

function duty(run: (nth: number, work: Parameters<TaskDuty['execute']>[0]) => Promise<unknown>): TaskDuty {
  let times = 0;
  return {
    kind: 'task',
    name: 'advise',
    types: ['advice'],
    needs: [],
    async execute(work) {
      await work.step('long', async () => {
        times += 1;
        await run(times, work);
        return times;
      });
    },
    verify: async () => ({ evidence: [] }),
  };
}

const org = orgOf('', '{ step: 20m, waits: 2, backoff: { first: 1m, factor: 1, max: 1m } }', 1);

describe('a step past its deadline', () => {
  it('is aborted, fails as the environment, and is tried again', async () => {
    const aborted: number[] = [];
    const slow = duty(async (nth, { turn, signal }) => {
      signal.addEventListener('abort', () => aborted.push(turn.now() - START));
      if (nth === 1) await turn.sleepUntil(turn.now() + 60 * MINUTE, signal);
    });
    const company = await startCompany({ org, duties: [slow] });
    await company.order('a');
    await company.untilDone();
    expect(aborted).toEqual([20 * MINUTE]);
    const [failed] = company.of('task.failed');
    expect(failed?.data.task.failures).toMatchObject([
      { kind: 'environment', reason: 'step long took longer than 20 minutes' },
    ]);
    expect(company.task('T1')).toMatchObject({ status: 'done', attempt: 1, waits: 1 });
  });

  it('that hears no signal is let go of all the same, and what it says later does not count', async () => {
    const deaf = duty(async (nth, { turn }) => {
      if (nth === 1) await turn.pause(() => new Promise(() => {}));
    });
    const company = await startCompany({ org, duties: [deaf] });
    await company.order('a');
    await company.untilDone();
    const steps = company.of('task.stepped').map(({ data }) => data.step.result);
    expect([company.task('T1').status, steps]).toEqual(['done', [2]]);
    expect(company.clock.now()).toBeLessThan(START + 60 * MINUTE);
  });

  it('every time is the end of the ladder: the task is escalated', async () => {
    const hopeless = duty(async (_, { turn, signal }) => turn.sleepUntil(turn.now() + 60 * MINUTE, signal));
    const company = await startCompany({ org, duties: [hopeless] });
    await company.order('a');
    await company.until(() => company.of('task.escalated').length === 1);
    expect(company.task('T1').reason).toBe('step long took longer than 20 minutes');
  });

  it('in time is left alone, however long the whole task takes', async () => {
    const steady = duty(async (_, { turn }) => turn.sleepUntil(turn.now() + 19 * MINUTE));
    const company = await startCompany({ org, duties: [steady] });
    await company.order('a');
    await company.untilDone();
    expect(company.task('T1')).toMatchObject({ status: 'done', failures: [] });
  });
});

it('begins no wait once the process stops, so that nothing fails unheard', async () => {
  const stopped = AbortSignal.abort(new Error('stopped'));
  const clock = new RealClock();
  const limit = new StepLimit(clock, clock, stopped, MINUTE);
  let begun = false;
  const wait = async () => {
    begun = true;
  };
  await expect(limit.during('think', () => limit.turn.pause(wait))).rejects.toThrow('stopped');
  expect(begun).toBe(false);
});

describe('at a thousand times the speed of the wall', () => {
  const fast = () => {
    const clock = new RealClock(1_000, START);
    return { clock, limit: new StepLimit(clock, clock, new AbortController().signal, 10 * MINUTE) };
  };

  it('what a program does has the time of the wall: it is not faster for that', async () => {
    const { clock, limit } = fast();
    const program = () =>
      new Promise<string>((resolve) =>
        execFile(process.execPath, ['-e', 'setTimeout(() => {}, 700)'], () => resolve('ended')),
      );
    expect(await limit.during('test', program)).toBe('ended');
    expect(clock.now() - START).toBeGreaterThan(10 * MINUTE);
  });

  it('waits have the time of the company, all of one step together', async () => {
    const { clock, limit } = fast();
    const { turn } = limit;
    const wait = () => turn.sleepUntil(turn.now() + 6 * MINUTE);
    await limit.during('one', wait);
    await limit.during('another', wait);
    const both = limit.during('both', async () => {
      await wait();
      await turn.pause(() => clock.sleepUntil(clock.now() + 6_000 * MINUTE, limit.signal));
    });
    await expect(both).rejects.toMatchObject({ failure: { reason: 'step both took longer than 10 minutes' } });
    expect(clock.now() - START).toBeLessThan(5_000 * MINUTE);
  });
});
