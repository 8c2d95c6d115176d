// I13, I14, I15: steps are recorded once, what costs was asked for, and praise comes after the end.

import type { MessageType } from '../bus/messages.ts';
import { type Check, isRequeued } from './judge.ts';

const stepTypes: readonly MessageType[] = ['task.stepped', 'job.stepped'];

/** Steps are kept by the thing they belong to, so that a long stream does not make one long list. */
function recordedOnce(): Check {
  const recorded = new Map<string, Set<string>>();
  return {
    types: stepTypes,
    look({ stored: { message }, judge }) {
      if (message.type !== 'task.stepped' && message.type !== 'job.stepped') return;
      const { step } = message.data;
      const work = 'task' in message.data ? `task ${message.data.task.id}` : `job ${message.data.job.id}`;
      const names = recorded.get(work) ?? new Set();
      recorded.set(work, names);
      judge('I14', !names.has(step.name), () => {
        const paid = step.usage === undefined ? '' : `, and paid for again ($${step.usage.cost})`;
        return `step ${step.name} of ${work} is recorded again${paid}`;
      });
      names.add(step.name);
      if (message.type !== 'task.stepped') return;
      const { task } = message.data;
      judge('I14', step.name.startsWith(`a${task.attempt}.`), () => {
        return `step ${step.name} is recorded in attempt ${task.attempt} of ${task.id}`;
      });
    },
  };
}

const caused: Check = {
  types: stepTypes,
  look({ stored: { message }, ledger, judge }) {
    if (message.type !== 'task.stepped' && message.type !== 'job.stepped') return;
    const { step } = message.data;
    if (step.usage === undefined) return;
    const cause = message.causationid;
    judge('I15', cause !== undefined && ledger.ids.has(cause), () => {
      return `nothing caused the model call in ${message.id}${cause === undefined ? '' : `: there is no ${cause}`}`;
    });
    if (message.type !== 'task.stepped') return;
    const { id } = message.data.task;
    judge('I15', ledger.assigned.has(id), () => `a model was asked for ${id}, which was given to nobody`);
  },
};

const earned: Check = {
  types: ['agent.remembered', 'report.filed', 'task.completed', 'task.stepped', 'task.started', 'task.waiting'],
  look({ stored: { message }, ledger, judge }) {
    const done = (id: string) => ledger.tasks.get(id)?.is.status === 'done';
    if (message.type === 'agent.remembered') {
      const { agent, task } = message.data;
      judge('I13', done(task), () => `${agent} is scored for ${task}, which is not done`);
      return;
    }
    if (message.type === 'report.filed') {
      const { kind, status, task } = message.data;
      if (kind !== 'task' || status !== 'done' || task === undefined) return;
      judge('I13', done(task), () => `${task} is reported as done, and is not`);
      judge('I13', !ledger.reported.has(task) || isRequeued(message.id), () => `${task} is reported as done again`);
      return;
    }
    if (!('task' in message.data) || typeof message.data.task !== 'object') return;
    const { task } = message.data;
    if (message.type === 'task.completed') {
      judge('I13', task.score === undefined || task.evidence.length > 0, () => `${task.id} is scored without evidence`);
    } else judge('I13', task.score === undefined, () => `${task.id} is scored before it is done`);
  },
};

export function stepChecks(): readonly Check[] {
  return [recordedOnce(), caused, earned];
}
