// Why a task is what it is: the chain from the goal to the commit, with what each attempt did, took and cost.

import type { Stored } from '../../bus/bus.ts';
import { type DataOf, isTaskMessage, type TaskMessage } from '../../bus/messages.ts';
import type { Approval, Pull, Task } from '../../bus/records.ts';
import { isApproval, isPull, ofType, timeOf } from './history.ts';

type StepView = { readonly name: string; readonly agent: string; readonly ms: number; readonly cost: number };

export type AttemptView = {
  readonly number: number;
  readonly agent: string;
  /** Position on the ladder, 1-based. */
  readonly rung: number;
  readonly startedAt: number;
  readonly steps: readonly StepView[];
  readonly failures: readonly { readonly kind: string; readonly reason: string }[];
};

/** Something outside the attempts that moved the task. */
type Turning = { readonly at: number; readonly what: string; readonly text: string };

export type Why = {
  readonly task: Task;
  readonly createdBy: string;
  readonly mission: string | undefined;
  readonly goal: { readonly id: string; readonly text: string } | undefined;
  readonly directive:
    | { readonly id: string; readonly text: string; readonly by: string; readonly at: number }
    | undefined;
  readonly parent: { readonly id: string; readonly title: string } | undefined;
  readonly children: readonly { readonly id: string; readonly title: string; readonly status: string }[];
  readonly attempts: readonly AttemptView[];
  readonly turnings: readonly Turning[];
  readonly pull: Pull | undefined;
  readonly approvals: readonly Approval[];
};

type Building = { -readonly [K in keyof AttemptView]: AttemptView[K] } & {
  steps: StepView[];
  failures: AttemptView['failures'][number][];
};

/** Attempts from the task's own messages: a step's time is what passed since the message before it. */
function attemptsOf(messages: readonly TaskMessage[]): AttemptView[] {
  const attempts = new Map<number, Building>();
  let previous: TaskMessage | undefined;
  const attemptOf = (message: TaskMessage, number: number, agent: string): Building => {
    const known = attempts.get(number);
    if (known) return known;
    const { rung } = message.data.task;
    const fresh: Building = { number, agent, rung, startedAt: timeOf(message), steps: [], failures: [] };
    attempts.set(number, fresh);
    return fresh;
  };
  let failed = 0;
  for (const message of messages) {
    const { task } = message.data;
    if (message.type === 'task.started') attemptOf(message, task.attempt, task.agent ?? message.source);
    if (message.type === 'task.stepped') {
      const { step } = message.data;
      const ms = previous === undefined ? 0 : timeOf(message) - timeOf(previous);
      const [, number, name] = /^a(\d+)\.(.+)$/.exec(step.name) ?? [];
      attemptOf(message, number === undefined ? task.attempt : Number(number), step.agent).steps.push({
        name: name ?? step.name,
        agent: step.agent,
        ms,
        cost: step.usage?.cost ?? 0,
      });
    }
    for (const { attempt, agent, kind, reason } of task.failures.slice(failed)) {
      attemptOf(message, attempt, agent).failures.push({ kind, reason });
    }
    failed = task.failures.length;
    previous = message;
  }
  return [...attempts.values()].sort((a, b) => a.number - b.number);
}

function turningOf(message: TaskMessage): Turning | undefined {
  const { task } = message.data;
  const note = message.type === 'task.stepped' ? undefined : message.data.note;
  const at = timeOf(message);
  switch (message.type) {
    case 'task.decomposed':
      return { at, what: 'split', text: `into ${task.children.join(', ')}` };
    case 'task.escalated':
      return { at, what: 'escalated', text: note ?? task.reason ?? task.failures.at(-1)?.reason ?? '' };
    case 'task.reassigned':
      return { at, what: 'reassigned', text: `to ${task.role}${note ? `: ${note}` : ''}` };
    case 'task.waiting':
      return { at, what: 'waits', text: task.reason ?? note ?? '' };
    case 'task.abandoned':
      return { at, what: 'abandoned', text: note ?? task.reason ?? '' };
    default:
      return undefined;
  }
}

function asked(history: readonly Stored[], id: string): Turning[] {
  const found: Turning[] = [];
  const questions = new Map<string, DataOf<'knowledge.requested'>>();
  for (const { message } of history) {
    if (message.type === 'knowledge.requested' && message.data.task === id) {
      questions.set(message.data.id, message.data);
      found.push({ at: timeOf(message), what: 'asked', text: `knowledge: ${message.data.question}` });
    }
    if (message.type === 'request.answered' && questions.has(message.data.id)) {
      found.push({ at: timeOf(message), what: 'answered', text: `${message.data.by}: ${message.data.text}` });
    }
    if (message.type === 'hr.requested' && message.data.task === id) {
      found.push({ at: timeOf(message), what: 'asked', text: `hr: ${message.data.kind}, ${message.data.reason}` });
    }
  }
  return found;
}

function directiveOf(history: readonly Stored[], task: Task) {
  const message = ofType(history, 'directive.issued').find(({ data }) => data.id === task.directive);
  if (message === undefined) return { directive: undefined, goal: undefined, mission: undefined };
  const { id, directive, goals, mission } = message.data;
  return {
    directive: { id, text: directive, by: message.source, at: timeOf(message) },
    goal: goals.find((goal) => goal.id === task.goal),
    mission,
  };
}

/**
 * The same chain with one attempt of the task in it, and what happened from its start to that of the next one. Undefined when
 * there was no such attempt. Pure.
 */
export function ofAttempt(why: Why, number: number): Why | undefined {
  const attempt = why.attempts.find((one) => one.number === number);
  if (attempt === undefined) return undefined;
  const next = why.attempts.find((one) => one.number > number)?.startedAt ?? Number.POSITIVE_INFINITY;
  const meanwhile = (at: number) => at >= attempt.startedAt && at < next;
  return {
    ...why,
    attempts: [attempt],
    turnings: why.turnings.filter(({ at }) => meanwhile(at)),
    approvals: why.approvals.filter(({ askedAt }) => meanwhile(askedAt)),
  };
}

/** Everything that led to a task as it is; undefined when the company has no such task. Pure. */
export function whyOf(history: readonly Stored[], id: string): Why | undefined {
  const own: TaskMessage[] = [];
  const tasks = new Map<string, Task>();
  const pulls = new Map<number, Pull>();
  const approvals = new Map<string, Approval>();
  for (const { message } of history) {
    if (isTaskMessage(message)) {
      tasks.set(message.data.task.id, message.data.task);
      if (message.data.task.id === id) own.push(message);
    } else if (isPull(message)) pulls.set(message.data.number, message.data);
    else if (isApproval(message)) {
      approvals.set(message.data.id, message.data);
    }
  }
  const task = tasks.get(id);
  if (task === undefined) return undefined;
  const chain = directiveOf(history, task);
  const parent = task.parent === undefined ? undefined : tasks.get(task.parent);
  const turnings = [...own.map(turningOf).filter((turning) => turning !== undefined), ...asked(history, id)];
  return {
    task,
    createdBy: own[0]?.source ?? 'unknown',
    mission: chain.mission ?? ofType(history, 'brain.mission').at(-1)?.data.text,
    goal: chain.goal ?? ofType(history, 'brain.goal').findLast(({ data }) => data.id === task.goal)?.data,
    directive: chain.directive,
    parent: parent === undefined ? undefined : { id: parent.id, title: parent.title },
    children: task.children.flatMap((child) => {
      const known = tasks.get(child);
      return known === undefined ? [] : [{ id: child, title: known.title, status: known.status }];
    }),
    attempts: attemptsOf(own),
    turnings: turnings.sort((a, b) => a.at - b.at),
    pull: task.pull === undefined ? undefined : pulls.get(task.pull),
    approvals: [...approvals.values()].filter((approval) => approval.task === id),
  };
}
