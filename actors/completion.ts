// The end of a task: scored by the reward chart, recorded as done in one event, then everything that follows from it. The
// event is the point of no return; what follows has ids derived from the task, so a repeat after a crash changes nothing.

import { type Actor, createActor } from 'xstate';
import { citationOf } from '../brain/knowledge/passage.ts';
import type { Turn } from '../bus/clock.ts';
import type { Draft, MessageType } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import type { RewardPolicy } from '../machines/policy.ts';
import { buildRewardMachine, type RewardCommand, type RewardMachine } from '../machines/reward.ts';
import { signalsOf } from '../machines/score.ts';
import type { Role } from '../org/org.ts';
import type { Agent } from './agent.ts';
import type { TaskJournal } from './journal.ts';
import { type Lesson, recordLesson } from './memory.ts';
import { publishOnce } from './once.ts';
import type { Ports } from './ports.ts';
import { releaseTask, wakeParent } from './release.ts';
import type { TaskTurn } from './task-work.ts';

export type Finishing = {
  readonly ports: Ports;
  readonly agent: Agent;
  readonly journal: TaskJournal;
  readonly role: Role;
  readonly turn: Turn;
};

type Rewarding = {
  readonly policy: RewardPolicy;
  readonly actor: Actor<RewardMachine>;
  readonly commands: RewardCommand[];
};

/** Each agent's reward actor. Making one costs more than a score, and a task has one agent at a time. */
const rewarding = new WeakMap<Agent, Rewarding>();
const machines = new WeakMap<RewardPolicy, RewardMachine>();

function rewardMachine(policy: RewardPolicy): RewardMachine {
  const known = machines.get(policy);
  if (known) return known;
  const machine = buildRewardMachine(policy);
  machines.set(policy, machine);
  return machine;
}

function rewardActor({ inspect, org }: Ports, agent: Agent): Rewarding {
  const policy = org().reward;
  const known = rewarding.get(agent);
  if (known?.policy === policy && known.actor.getSnapshot().status === 'active') return known;
  known?.actor.stop();
  const actor = createActor(rewardMachine(policy), { id: `reward-${agent.name}`, ...(inspect ? { inspect } : {}) });
  const commands: RewardCommand[] = [];
  actor.on('*', (command) => void commands.push(command));
  actor.start();
  const made = { policy, actor, commands };
  rewarding.set(agent, made);
  return made;
}

/** Runs the reward chart over a finished task: the score, and what its agent is to remember. */
async function rewarded(ports: Ports, agent: Agent, task: Task): Promise<Lesson> {
  const { actor, commands } = rewardActor(ports, agent);
  // An earlier task may have been let go between its score and its end.
  actor.send({ type: 'APPLIED' });
  commands.length = 0;
  const signals = signalsOf({ ...task, attempts: task.attempt, workingMs: task.spent.workingMs });
  const error = task.failures.at(-1)?.reason;
  actor.send({ type: 'SCORE', finished: { task: task.id, title: task.title, signals, error } });
  let lesson: Lesson | undefined;
  for (let command = commands.shift(); command; command = commands.shift()) {
    if (command.type === 'learn') {
      const { passages } = await ports.knowledge.search(command.question);
      // A lesson is told to its agent as our own word: what gives orders is none.
      const found = passages.find(({ orders }) => !orders);
      if (found) actor.send({ type: 'LEARNED', text: `${citationOf(found)}: ${found.text.slice(0, 300)}` });
    } else if (command.list === 'patterns') {
      if (lesson) lesson = { ...lesson, pattern: command.text };
    } else {
      const { list, task: id, score, band, text } = command;
      lesson = { list, task: id, score, band, text };
    }
  }
  actor.send({ type: 'APPLIED' });
  if (!lesson) throw new Error(`the reward chart said nothing of ${task.id}`);
  return lesson;
}

/** Scores and ends the task in hand, then does what follows. */
export async function complete(t: TaskTurn): Promise<void> {
  const { journal, turn, ports } = t;
  let lesson: Lesson | undefined;
  if (journal.task.status !== 'done') {
    const { spent, startedAt } = journal.task;
    const now = turn.now();
    journal.note({ spent: { ...spent, workingMs: spent.workingMs + Math.max(0, now - (startedAt ?? now)) } });
    lesson = await rewarded(ports, t.agent, journal.task);
    const { score, band } = lesson;
    await journal.record('task.completed', 'completed', {
      status: 'done',
      phase: 'reporting',
      endedAt: now,
      score,
      band,
      reason: undefined,
      dueAt: undefined,
    });
  }
  await followUp(t, lesson);
}

/**
 * What follows from a task that is done: memory, report, whoever waited for it. Repeatable.
 * @param scored what the reward chart made of it, when that was just asked
 */
export async function followUp(f: Finishing, scored?: Lesson): Promise<void> {
  const { ports, agent, journal } = f;
  const { task } = journal;
  const who = task.agent ?? agent.name;
  // Not scored just now: the end was recorded before a crash, and anything below may have been done since.
  const again = scored === undefined;
  const lesson = scored ?? (await rewarded(ports, agent, task));
  await Promise.all([
    recordLesson(ports, who, lesson, `task.${task.id}.completed`, task.endedAt ?? f.turn.now()),
    tell(f, again, subjects.reports, reportOf(task, who)),
    ...(task.failures.length > 0 && task.reassigned > 0
      ? [tell(f, again, subjects.brain('blocker'), clearedBlocker(task, agent.name))]
      : []),
    ...task.dependents.map((id) => releaseTask(ports.bus, id, { source: agent.name, why: 'unblocked' })),
    ...(task.parent === undefined ? [] : [wakeParent(ports.bus, task.parent, agent.name)]),
  ]);
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
