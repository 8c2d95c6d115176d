// What an agent carries from task to task, on `agent.<id>.memory`.

import type { Bus } from '../bus/bus.ts';
import type { AgentMemory } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';

/** Notes and patterns an agent keeps at hand; the stream has them all. */
const KEPT = 20;

const empty = (agent: string): AgentMemory => ({
  agent,
  count: 0,
  average: 0,
  rewards: [],
  corrections: [],
  patterns: [],
});

export type Lesson = {
  readonly task: string;
  readonly score: number;
  readonly band: string;
  readonly list: 'rewards' | 'corrections';
  readonly text: string;
  readonly pattern?: string | undefined;
};

/** Adds one scored task. Pure. */
export function remember(memory: AgentMemory, lesson: Lesson, at: number): AgentMemory {
  const count = memory.count + 1;
  const { task, score, band, text } = lesson;
  const list = [...memory[lesson.list], { task, score, band, text, at }].slice(-KEPT);
  return {
    ...memory,
    count,
    average: Math.round(((memory.average * memory.count + score) / count) * 10) / 10,
    [lesson.list]: list,
    patterns: lesson.pattern ? [...new Set([...memory.patterns, lesson.pattern])].slice(-KEPT) : memory.patterns,
  };
}

export async function recallMemory(bus: Bus, agent: string): Promise<{ memory: AgentMemory; seq: number }> {
  const last = await bus.last(subjects.agentMemory(agent));
  if (last?.message.type !== 'agent.remembered') return { memory: empty(agent), seq: 0 };
  return { memory: last.message.data, seq: last.seq };
}

/** Records a lesson once per task and attempt; a task remembered before is left alone. */
export async function recordLesson(
  bus: Bus,
  agent: string,
  lesson: Lesson,
  cause: string,
  at: number,
): Promise<AgentMemory> {
  const { memory, seq } = await recallMemory(bus, agent);
  const next = remember(memory, lesson, at);
  await bus.publish(
    subjects.agentMemory(agent),
    {
      id: `memory.${agent}.${lesson.task}`,
      type: 'agent.remembered',
      source: 'harness',
      data: next,
      causationid: cause,
    },
    { expectedLastSeq: seq },
  );
  return next;
}
