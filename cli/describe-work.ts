// Tasks and pull requests in plain words; describe.ts has the rest.

import type { Message, TaskMessage } from '../bus/messages.ts';
import type { Pull, Task } from '../bus/records.ts';
import { money, type When } from './format.ts';
import { type Line, news, quiet, short } from './line.ts';

const titled = (task: Task) => `${task.id} ${task.title}`;

function describeFailure(message: TaskMessage, when: When): Line {
  const { task } = message.data;
  const failure = task.failures.at(-1);
  const again = task.dueAt === undefined ? '' : `; again ${when(task.dueAt)}`;
  const why = failure === undefined ? (task.reason ?? '') : `${failure.kind}: ${failure.reason}`;
  const attempt = failure?.attempt ?? task.attempt;
  const state = task.phase === 'planning' && task.status === 'working' ? 'decomposing' : task.status;
  return news(task.agent ?? message.source, state, `${task.id} attempt ${attempt} ${why}${again}`, 'warn');
}

function describeStart(message: TaskMessage, before: Task | undefined): Line {
  const { task } = message.data;
  const again = before?.status === 'waiting' || before?.status === 'retrying';
  const text = task.attempt > 1 ? `${titled(task)}, attempt ${task.attempt}` : titled(task);
  return news(task.agent ?? message.source, again ? 'working again' : 'working', text);
}

export function describeTask(message: TaskMessage, before: Task | undefined, when: When): Line {
  const { task } = message.data;
  const who = message.source;
  switch (message.type) {
    case 'task.created': {
      const after = task.dependsOn.length > 0 ? `, after ${task.dependsOn.join(' ')}` : '';
      return news(who, 'task', `${titled(task)} (${task.role}${after})`);
    }
    case 'task.assigned':
      return quiet(who, 'assigned', `${titled(task)} to ${task.role}`);
    case 'task.started':
      return describeStart(message, before);
    case 'task.stepped': {
      const { step } = message.data;
      const cost = step.usage ? `, ${money(step.usage.cost)} (${step.usage.model})` : '';
      return quiet(step.agent, 'step', `${task.id} ${step.name}${cost}`);
    }
    case 'task.failed':
      return describeFailure(message, when);
    case 'task.waiting':
      return news(task.agent ?? who, 'waiting', `${task.id} ${task.reason ?? message.data.note ?? ''}`, 'dim');
    case 'task.decomposed':
      return news(task.agent ?? who, 'decomposing', `${task.id} split into ${task.children.join(', ')}`, 'warn');
    case 'task.escalated': {
      const why = task.reason ?? message.data.note ?? task.failures.at(-1)?.reason ?? '';
      return news(task.agent ?? who, 'escalated', `${task.id} ${why}`, 'bad');
    }
    case 'task.reassigned':
      return news(
        who,
        'reassigned',
        `${task.id} to ${task.role}${message.data.note ? `: ${message.data.note}` : ''}`,
        'warn',
      );
    case 'task.completed': {
      const score = task.score === undefined ? '' : `, score ${task.score} ${task.band ?? ''}`.trimEnd();
      return news(task.agent ?? who, 'done', `${titled(task)}${score}`, 'good');
    }
    case 'task.abandoned':
      return news(who, 'abandoned', `${titled(task)}: ${task.reason ?? message.data.note ?? ''}`, 'bad');
  }
}

/** A pull request's title without the task in front of it, which is said anyway. */
export function withoutTask({ title, task }: Pick<Pull, 'title' | 'task'>): string {
  return title.startsWith(`${task}: `) ? title.slice(task.length + 2) : title;
}

export function describePull(message: Extract<Message, { type: `pull.${string}` }>): Line {
  const pull = message.data;
  const name = `pull ${pull.number} ${withoutTask(pull)} (${pull.task})`;
  switch (message.type) {
    case 'pull.opened':
      return news(pull.author, 'pull opened', name);
    case 'pull.checked': {
      const check = pull.checks.at(-1);
      const text = `pull ${pull.number}: ${check?.summary ?? ''}`;
      return check?.ok === false
        ? news('harness', 'checks failed', text, 'warn')
        : quiet('harness', 'checks passed', text);
    }
    case 'pull.reviewed': {
      const review = pull.reviews.at(-1);
      const notes = review?.notes.length ? `: ${review.notes.join('; ')}` : '';
      const approved = review?.verdict === 'approve';
      return news(
        review?.by ?? message.source,
        approved ? 'approves' : 'rejects',
        `pull ${pull.number}${notes}`,
        approved ? 'plain' : 'warn',
      );
    }
    case 'pull.merged':
      return news('harness', 'merged', `${name} as ${short(pull.merged)}`, 'good');
    case 'pull.closed':
      return news(message.source, 'pull closed', name, 'dim');
  }
}
