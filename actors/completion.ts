// The end of a task: scored by the reward chart, recorded as done in one event, then everything that follows from it. The
// event is the point of no return; what follows has ids derived from the task, so a repeat after a crash changes nothing.

import type { Turn } from '../bus/clock.ts';
import type { Draft, MessageType } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import type { ScoreLedger } from '../bus/scores.ts';
import { subjects } from '../bus/subjects.ts';
import { ledgerOf, signalsOf } from '../machines/score.ts';
import type { Role } from '../org/org.ts';
import type { Agent } from './agent.ts';
import type { Board } from './board.ts';
import { deedOf } from './deed.ts';
import type { TaskJournal } from './journal.ts';
import { learnFrom } from './lessons.ts';
import { type Reward, recordReward } from './memory.ts';
import { publishOnce } from './once.ts';
import type { Ports } from './ports.ts';
import { releaseTask, wakeParent } from './release.ts';
import { rewarded } from './rewarding.ts';
import { judgeStanding } from './standing.ts';
import type { TaskTurn } from './task-work.ts';
import { worked } from './working-time.ts';

export type Finishing = {
  readonly ports: Ports;
  readonly agent: Agent;
  readonly journal: TaskJournal;
  readonly role: Role;
  readonly turn: Turn;
};

/**
 * Scores and ends the task in hand, then does what follows. An agent that is told a good word has it at once, with the hint that may be in
 * it, and the rest is for others: it need not wait for more than the board, which its next brief is made from.
 */
export async function complete(t: TaskTurn): Promise<void> {
  const { journal, turn, ports } = t;
  let reward: Reward | undefined;
  if (journal.task.status !== 'done') {
    const now = turn.now();
    journal.note(worked(journal.task, now));
    const deed = await deedOf(ports, journal.task, journal.steps);
    const ledger = ledgerOf(ports.org().reward, signalsOf(deed));
    reward = await rewarded(ports, t.agent, journal.task, ledger);
    const { score, band } = reward;
    await journal.record('task.completed', 'completed', {
      status: 'done',
      phase: 'reporting',
      endedAt: now,
      score,
      band,
      ledger,
      reason: undefined,
      dueAt: undefined,
    });
  }
  const following = followUp(t, reward);
  if (reward?.list !== 'rewards' || journal.task.failures.length > 0) return following;
  // Whoever settles the delivery hears of a failure.
  following.catch(() => {});
  t.beside.push(following);
  await Promise.race([heardBy(ports.board, journal.seq), following]);
}

/** Resolves when the board has heard everything up to a sequence. */
async function heardBy(board: Board, seq: number): Promise<void> {
  if (board.state.seq >= seq) return;
  await new Promise<void>((resolve) => {
    const unwatch = board.watch(() => {
      if (board.state.seq < seq) return;
      unwatch();
      resolve();
    });
  });
}

/** Nothing was recorded about the score of a task that an older version has ended. */
const noLedger: ScoreLedger = { rows: [], missing: [] };

/**
 * What follows from a task that is done: memory, standing, lessons, report, whoever waited for it. Repeatable.
 * @param scored what the reward chart made of it, when that was just asked
 */
export async function followUp(f: Finishing, scored?: Reward): Promise<void> {
  const { ports, agent, journal } = f;
  const { task } = journal;
  const who = task.agent ?? agent.name;
  // Not scored just now: the end was recorded before a crash, and anything below may have been done since.
  const again = scored === undefined;
  const reward = scored ?? asRecorded(task, await rewarded(ports, agent, task, task.ledger ?? noLedger));
  const cause = `task.${task.id}.completed`;
  const at = task.endedAt ?? f.turn.now();
  await Promise.all([
    recordReward(ports, { agent: who, role: task.role, reward, cause, at }, (memory) => {
      if (who === agent.name) agent.told = memory;
    }).then((memory) => judgeStanding(ports, memory, cause)),
    learnFrom(ports, task, who, cause),
    tell(f, again, subjects.reports, reportOf(task, who)),
    ...(task.failures.length > 0 && task.reassigned > 0
      ? [tell(f, again, subjects.brain('blocker'), clearedBlocker(task, agent.name))]
      : []),
    ...task.dependents.map((id) => releaseTask(ports.bus, id, { source: agent.name, why: 'unblocked' })),
    ...(task.parent === undefined ? [] : [wakeParent(ports.bus, task.parent, agent.name)]),
  ]);
}

/** The score that is with the task counts, whatever another policy would make of it by now. */
function asRecorded({ score, band }: Task, reward: Reward): Reward {
  return { ...reward, score: score ?? reward.score, band: band ?? reward.band };
}

async function tell<T extends MessageType>(
  { ports, journal }: Finishing,
  again: boolean,
  subject: string,
  draft: Draft<T>,
): Promise<void> {
  if (again) await publishOnce(ports.bus, subject, draft, journal.task.createdAt);
  else await ports.bus.publish(subject, draft);
}

function reportOf(task: Task, by: string): Draft<'report.filed'> {
  const id = `report.${task.id}.done`;
  return {
    id,
    type: 'report.filed',
    source: by,
    data: {
      id,
      kind: 'task',
      by,
      role: task.role,
      task: task.id,
      ...(task.directive === undefined ? {} : { directive: task.directive }),
      status: 'done',
      summary: task.summary ?? task.title,
      ...(task.score === undefined ? {} : { score: task.score }),
      ...(task.band === undefined ? {} : { band: task.band }),
      cost: task.spent.cost,
    },
    correlationid: task.directive ?? task.lineage,
    causationid: `task.${task.id}.completed`,
  };
}

function clearedBlocker(task: Task, source: string): Draft<'brain.blocker'> {
  return {
    id: `brain.blocker.${task.id}.cleared`,
    type: 'brain.blocker',
    source,
    data: { task: task.id, reason: 'done', status: 'cleared' },
    correlationid: task.directive ?? task.lineage,
  };
}
