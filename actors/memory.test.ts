import { expect, it } from 'vitest';
import { VirtualClock } from '../bus/clock.ts';
import { MemoryBus } from '../bus/memory.ts';
import type { AgentMemory } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { START } from './duties/fixture.ts';
import { type Reward, recallMemory, recordReward, remember } from './memory.ts';
import { follow } from './projections.ts';

const empty: AgentMemory = {
  agent: 'backend',
  role: 'backend',
  count: 0,
  average: 0,
  rewards: [],
  corrections: [],
  patterns: [],
  scores: [],
};

function reward(task: string, score: number, list: Reward['list'] = 'rewards', pattern?: string): Reward {
  return { task, score, band: 'good', list, text: `${task} scored ${score}`, pattern };
}

async function memories(dedupeWindowMs = Number.POSITIVE_INFINITY) {
  const clock = new VirtualClock({ start: START });
  const bus = new MemoryBus('acme', clock, { dedupeWindowMs });
  const { board } = await follow(bus);
  const record = (task: string, score: number) =>
    recordReward(
      { bus, board },
      { agent: 'backend', role: 'backend', reward: reward(task, score), cause: `task.${task}.completed`, at: START },
    );
  return { bus, board, clock, record };
}

it('the average is that of all tasks, also of those whose notes are gone', () => {
  let memory = empty;
  for (let n = 1; n <= 1_100; n += 1) memory = remember(memory, reward(`T${n}`, n <= 1_000 ? 90 : 50), 'x', n);
  expect(memory.count).toBe(1_100);
  expect(memory.average).toBeCloseTo(86.4, 0);
  expect(memory.rewards.map(({ task }) => task)).toEqual(Array.from({ length: 10 }, (_, n) => `T${n + 1_091}`));
});

it('praise and corrections are kept apart, and a pattern once', () => {
  let memory = remember(empty, reward('T1', 95), 'task.T1.completed', 1);
  memory = remember(memory, reward('T2', 40, 'corrections', 'test first'), 'task.T2.completed', 2);
  memory = remember(memory, reward('T3', 45, 'corrections', 'test first'), 'task.T3.completed', 3);
  expect([memory.rewards.length, memory.corrections.length]).toEqual([1, 2]);
  expect(memory.patterns).toEqual([{ text: 'test first', task: 'T2', at: 2, cause: 'task.T2.completed' }]);
  expect(memory.scores.map(({ task, score }) => [task, score])).toEqual([
    ['T1', 95],
    ['T2', 40],
    ['T3', 45],
  ]);
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
