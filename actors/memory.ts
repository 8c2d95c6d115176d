// What an agent carries from task to task, on `agent.<id>.memory`.

import type { Bus } from '../bus/bus.ts';
import { StaleWrite } from '../bus/errors.ts';
import type { AgentMemory } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import type { Board } from './board.ts';

/** Notes and patterns an agent keeps at hand; the stream has them all. */
const KEPT = 10;

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
    average: Math.round(((memory.average * memory.count + score) / count) * 100) / 100,
    [lesson.list]: list,
    patterns: lesson.pattern ? [...new Set([...memory.patterns, lesson.pattern])].slice(-KEPT) : memory.patterns,
  };
}

/** What an agent remembers, as the board last heard. */
export function recallMemory(board: Board, agent: string): AgentMemory {
  return board.state.memories.get(agent)?.memory ?? empty(agent);
}

/** Records a lesson once per task: one that is there already is left alone, whoever recorded it. */
export async function recordLesson(
  { bus, board }: { readonly bus: Bus; readonly board: Board },
  agent: string,
  lesson: Lesson,
  cause: string,
  at: number,
): Promise<void> {
  const known = board.state.memories.get(agent) ?? { memory: empty(agent), seq: 0 };
  // Asked first: the stream knows the id for an hour only.
  if (knows(known.memory, lesson)) return;
  try {
    await write(bus, agent, known, lesson, cause, at);
  } catch (error) {
    if (!(error instanceof StaleWrite)) throw error;
    // The board lags: what is on the stream counts.
    const last = await bus.last(subjects.agentMemory(agent));
    if (last?.message.type !== 'agent.remembered') throw error;
    const { data } = last.message;
    if (!knows(data, lesson)) await write(bus, agent, { memory: data, seq: last.seq }, lesson, cause, at);
  }
}

function knows({ rewards, corrections }: AgentMemory, { task }: Lesson): boolean {
  return rewards.some((note) => note.task === task) || corrections.some((note) => note.task === task);
}

async function write(
  bus: Bus,
  agent: string,
  { memory, seq }: { readonly memory: AgentMemory; readonly seq: number },
  lesson: Lesson,
  cause: string,
  at: number,
): Promise<void> {
  const id = `memory.${agent}.${lesson.task}`;
  const data = remember(memory, lesson, at);
  await bus.publish(
    subjects.agentMemory(agent),
    { id, type: 'agent.remembered', source: 'harness', data, causationid: cause },
    { expectedLastSeq: seq },
  );
}
