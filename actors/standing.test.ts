import { expect, it } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { createAuditor } from '../invariants/auditor.ts';
import type { Violation } from '../invariants/judge.ts';
import { rulesOf } from '../invariants/rules.ts';
import { orgWith, START } from './duties/fixture.ts';
import { recordReward } from './memory.ts';
import { follow } from './projections.ts';
import { judgeStanding } from './standing.ts';

const DAY = 86_400_000;

it('what was done before the bench counts no more, however often its agent has moved since', async () => {
  const clock = new VirtualClock({ start: START });
  const bus = new MemoryBus('acme', clock);
  const { board } = await follow(bus);
  const org = orgWith();
  let tasks = 0;
  const work = async (count: number, score: number) => {
    for (let n = 0; n < count; n += 1) {
      tasks += 1;
      await clock.sleepUntil(clock.now() + 60_000);
      const reward = { task: `T${tasks}`, score, band: 'x', list: 'rewards', text: 'x' } as const;
      // A message that is on the stream.
      const cause = `memory.backend.T${tasks}`;
      const memory = await recordReward(
        { bus, board },
        { agent: 'backend', role: 'backend', reward, cause, at: clock.now() },
      );
      await judgeStanding({ bus, board, clock, org: () => org }, memory, cause);
    }
  };
  const standing = () => board.learned.standings.get('backend')?.is;
  const until = async (wanted: string, score: number) => {
    for (let n = 0; n < 30 && standing()?.standing !== wanted; n += 1) await work(1, score);
    expect(standing()?.standing).toBe(wanted);
  };
  await work(5, 80);
  await until('benched', 10);
  const before = tasks;
  await clock.sleepUntil(Math.max(standing()?.until ?? 0, clock.now()) + DAY);
  await until('trusted', 100);
  await until('lead', 100);
  expect(standing()?.samples).toBe(tasks - before);

  // The auditor does the sums once more.
  const auditor = createAuditor(rulesOf(org));
  const broken: Violation[] = [];
  for await (const stored of bus.replay({ filter: '>' })) broken.push(...auditor.look(stored));
  expect(broken.filter(({ invariant }) => invariant === 'I29')).toEqual([]);
});
