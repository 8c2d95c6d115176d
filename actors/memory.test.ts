import { expect, it } from 'vitest';
import { type AgentMemory, remember } from '../bus/memories.ts';
import { MemoryBus } from '../bus/memory.ts';
import { subjects } from '../bus/subjects.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { START } from './duties/fixture.ts';
import { type Reward, recallMemory, recordReward, toRemember } from './memory.ts';
import { follow } from './projections.ts';

function reward(task: string, score: number, list: Reward['list'] = 'rewards', pattern?: string): Reward {
  return { task, score, band: 'good', list, text: `${task} scored ${score}`, pattern };
}

/** Scored tasks one after the other, as they are told and folded. */
function remembered(rewards: readonly Reward[]): AgentMemory | undefined {
  return rewards.reduce<AgentMemory | undefined>((memory, one, at) => {
    const cause = `task.${one.task}.completed`;
    return remember(memory, toRemember(memory, { agent: 'backend', role: 'backend', reward: one, cause, at }));
  }, undefined);
}

async function memories(dedupeWindowMs = Number.POSITIVE_INFINITY) {
  const clock = new VirtualClock({ start: START });
  const bus = new MemoryBus('acme', clock, { dedupeWindowMs });
  const { board, close } = await follow(bus);
  const record = (task: string, score: number, pattern?: string) =>
    recordReward(
      { bus, board },
      {
        agent: 'backend',
        role: 'backend',
        reward: reward(task, score, score < 60 ? 'corrections' : 'rewards', pattern),
        cause: `task.${task}.completed`,
        at: START,
      },
    );
  return { bus, board, clock, record, close };
}

it('the average is that of all tasks, also of those whose notes are gone', () => {
  const memory = remembered(Array.from({ length: 1_100 }, (_, n) => reward(`T${n + 1}`, n < 1_000 ? 90 : 50)));
  expect(memory?.count).toBe(1_100);
  expect(memory?.average).toBeCloseTo(86.4, 0);
  expect(memory?.rewards.map(({ task }) => task)).toEqual(Array.from({ length: 10 }, (_, n) => `T${n + 1_091}`));
  expect(memory?.scores.length).toBe(30);
});

it('praise and corrections are kept apart, and a pattern once', () => {
  const memory = remembered([
    reward('T1', 95),
    reward('T2', 40, 'corrections', 'test first'),
    reward('T3', 45, 'corrections', 'test first'),
  ]);
  expect([memory?.rewards.length, memory?.corrections.length]).toEqual([1, 2]);
  expect(memory?.patterns).toEqual([{ text: 'test first', task: 'T2', at: 1, cause: 'task.T2.completed' }]);
  expect(memory?.scores.map(({ task, score }) => [task, score])).toEqual([
    ['T1', 95],
    ['T2', 40],
    ['T3', 45],
  ]);
});

it('what was recorded is what the stream tells who folds it from its beginning', async () => {
  const { bus, record } = await memories();
  await record('T1', 90);
  const memory = await record('T2', 40, 'test first');
  const { board } = await follow(bus);
  expect(recallMemory(board, 'backend')).toEqual(memory);
});

it('who has not heard what others recorded takes it in before it records', async () => {
  const { bus, board, record, close } = await memories();
  await record('T1', 90);
  await close();
  const others = await follow(bus);
  for (const task of ['T2', 'T3']) {
    const cause = `task.${task}.completed`;
    const given = { agent: 'backend', role: 'backend', reward: reward(task, 60), cause, at: START };
    await recordReward({ bus, board: others.board }, given);
  }
  expect(recallMemory(board, 'backend')?.count).toBe(1);
  expect(await record('T4', 70)).toMatchObject({ count: 4, average: 70 });
  expect(recallMemory(others.board, 'backend')?.scores.map(({ task }) => task)).toEqual(['T1', 'T2', 'T3', 'T4']);
});

it('a task is remembered once, whoever tells it again', async () => {
  const { bus, board, record } = await memories();
  await record('T1', 90);
  await record('T2', 70);
  await record('T1', 90);
  expect(recallMemory(board, 'backend')).toMatchObject({ count: 2, average: 80 });
  expect((await bus.info()).lastSeq).toBe(2);
});

it('a task is remembered once, also when the stream has forgotten the id', async () => {
  const { board, clock, record } = await memories(60_000);
  await record('T1', 90);
  await record('T2', 70);
  await clock.sleepUntil(START + 3_600_000);
  await record('T1', 90);
  expect(recallMemory(board, 'backend')?.count).toBe(2);
});

it('two who tell an agent something at once are both heard', async () => {
  const { board, bus, record } = await memories();
  await Promise.all([record('T1', 90), record('T2', 70)]);
  expect(recallMemory(board, 'backend')).toMatchObject({ count: 2, average: 80 });
  expect((await bus.last(subjects.agentMemory('backend')))?.seq).toBe(2);
});
