// What an agent carries from task to task, on `agent.<id>.memory`.

import type { Bus } from '../bus/bus.ts';
import { StaleWrite } from '../bus/errors.ts';
import { type AgentMemory, type Remembered, remember } from '../bus/memories.ts';
import { subjects } from '../bus/subjects.ts';
import type { Board } from './board.ts';

/** What a finished task brings its agent. */
export type Reward = Pick<Remembered, 'task' | 'score' | 'band' | 'list' | 'text'> & {
  readonly pattern?: string | undefined;
};

export type Recording = {
  /** Whose memory it is, and its role. */
  readonly agent: string;
  readonly role: string;
  readonly reward: Reward;
  /** Id of the message that brought it, and when (epoch ms). */
  readonly cause: string;
  readonly at: number;
};

/** What is remembered, with the sequence that a next write must have seen. */
export type Memory = { readonly memory: AgentMemory; readonly seq: number };

/** The same of an agent of which nothing that can be read was scored yet. */
type Known = { readonly memory: AgentMemory | undefined; readonly seq: number };

/**
 * What an agent remembers, as the board last heard; undefined when nothing of it was scored yet.
 * @param told what it was told last, when that may still be on its way to the stream
 */
export function recallMemory(board: Board, agent: string, told?: AgentMemory): AgentMemory | undefined {
  const heard = board.state.memories.get(agent)?.memory;
  return told !== undefined && told.count > (heard?.count ?? 0) ? told : heard;
}

/** What is said of one more scored task. Pure. */
export function toRemember(memory: AgentMemory | undefined, { agent, role, reward, cause, at }: Recording): Remembered {
  const { count, average } = memory ?? { count: 0, average: 0 };
  const { task, score, band, list, text, pattern } = reward;
  return {
    agent,
    role,
    count: count + 1,
    average: Math.round(((average * count + score) / (count + 1)) * 100) / 100,
    task,
    score,
    band,
    list,
    text,
    ...(pattern === undefined ? {} : { pattern }),
    at,
    cause,
  };
}

/**
 * Records a reward once per task: one that is there already is left alone, whoever recorded it. Returns the memory.
 * @param telling hears of the memory when it is on its way
 */
export async function recordReward(
  { bus, board }: { readonly bus: Bus; readonly board: Board },
  recording: Recording,
  telling: (memory: AgentMemory) => void = () => {},
): Promise<AgentMemory> {
  const { agent, reward } = recording;
  let known: Known = board.state.memories.get(agent) ?? { memory: undefined, seq: 0 };
  for (;;) {
    const { memory, seq } = known;
    // Asked first: the stream knows the id for an hour only.
    if (memory && knows(memory, reward)) return memory;
    const data = toRemember(memory, recording);
    const told = remember(memory, data);
    telling(told);
    try {
      await bus.publish(
        subjects.agentMemory(agent),
        {
          id: `memory.${agent}.${reward.task}`,
          type: 'agent.remembered',
          source: 'harness',
          data,
          causationid: recording.cause,
        },
        { expectedLastSeq: seq },
      );
      return told;
    } catch (error) {
      if (!(error instanceof StaleWrite)) throw error;
      known = await caughtUp(bus, agent, known);
      if (known.seq === seq) throw error;
    }
  }
}

function knows({ rewards, corrections, scores }: AgentMemory, { task }: Reward): boolean {
  return [...rewards, ...corrections, ...scores].some((one) => one.task === task);
}

/** The board lags: what is on the stream counts. */
async function caughtUp(bus: Bus, agent: string, { memory, seq }: Known): Promise<Known> {
  let [now, last] = [memory, seq];
  // What cannot be read is passed over: it is not remembered, and what comes after it is.
  const foreign = (one: { readonly seq: number }) => {
    last = one.seq;
  };
  for await (const stored of bus.replay({ filter: subjects.agentMemory(agent), fromSeq: seq + 1, foreign })) {
    last = stored.seq;
    if (stored.message.type === 'agent.remembered') now = remember(now, stored.message.data);
  }
  return { memory: now, seq: last };
}
