// What an agent carries from task to task, on `agent.<id>.memory`.

import type { Bus } from '../bus/bus.ts';
import { StaleWrite } from '../bus/errors.ts';
import type { AgentMemory } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import type { Board } from './board.ts';

/** Notes and patterns an agent keeps at hand; the stream has them all. */
const KEPT = 10;

/** Scores kept at hand: the longest window that org.yaml takes. */
const SCORES = 30;

const empty = (agent: string, role: string): AgentMemory => ({
  agent,
  role,
  count: 0,
  average: 0,
  rewards: [],
  corrections: [],
  patterns: [],
  scores: [],
});

/** What a finished task brings its agent. */
export type Reward = {
  readonly task: string;
  readonly score: number;
  readonly band: string;
  readonly list: 'rewards' | 'corrections';
  readonly text: string;
  readonly pattern?: string | undefined;
};

/** Adds one scored task. Pure. */
export function remember(memory: AgentMemory, reward: Reward, cause: string, at: number): AgentMemory {
  const count = memory.count + 1;
  const { task, score, band, text, pattern } = reward;
  const known = pattern === undefined || memory.patterns.some((one) => one.text === pattern);
  return {
    ...memory,
    count,
    average: Math.round(((memory.average * memory.count + score) / count) * 100) / 100,
    [reward.list]: [...memory[reward.list], { task, score, band, text, at, cause }].slice(-KEPT),
    patterns: known ? memory.patterns : [...memory.patterns, { text: pattern, task, at, cause }].slice(-KEPT),
    scores: [...memory.scores, { task, score, at, cause }].slice(-SCORES),
  };
}

/** What an agent remembers, as the board last heard; undefined when nothing of it was scored yet. */
export function recallMemory(board: Board, agent: string): AgentMemory | undefined {
  return board.state.memories.get(agent)?.memory;
}

export type Recording = {
  /** Whose memory it is, and its role. */
  readonly agent: string;
  readonly role: string;
  readonly reward: Reward;
  /** Id of the message that brought it, and when (epoch ms). */
  readonly cause: string;
  readonly at: number;
};

/** Records a reward once per task: one that is there already is left alone, whoever recorded it. Returns the memory. */
export async function recordReward(
  { bus, board }: { readonly bus: Bus; readonly board: Board },
  recording: Recording,
): Promise<AgentMemory> {
  const { agent, role, reward } = recording;
  const known = board.state.memories.get(agent) ?? { memory: empty(agent, role), seq: 0 };
  // Asked first: the stream knows the id for an hour only.
  if (knows(known.memory, reward)) return known.memory;
  try {
    return await write(bus, known, recording);
  } catch (error) {
    if (!(error instanceof StaleWrite)) throw error;
    // The board lags: what is on the stream counts.
    const last = await bus.last(subjects.agentMemory(agent));
    if (last?.message.type !== 'agent.remembered') throw error;
    const { data } = last.message;
    return knows(data, reward) ? data : write(bus, { memory: data, seq: last.seq }, recording);
  }
}

function knows({ rewards, corrections, scores }: AgentMemory, { task }: Reward): boolean {
  return [...rewards, ...corrections, ...scores].some((one) => one.task === task);
}

async function write(
  bus: Bus,
  { memory, seq }: { readonly memory: AgentMemory; readonly seq: number },
  { agent, reward, cause, at }: Recording,
): Promise<AgentMemory> {
  const id = `memory.${agent}.${reward.task}`;
  const data = remember(memory, reward, cause, at);
  await bus.publish(
    subjects.agentMemory(agent),
    { id, type: 'agent.remembered', source: 'harness', data, causationid: cause },
    { expectedLastSeq: seq },
  );
  return data;
}
