// How work went with each model: a fold of the tasks' events. Only what judges the work counts: an outage is no model's fault.

import type { Trials } from '../brain/models/trials.ts';
import type { TaskMessage } from '../bus/messages.ts';
import { climbing, waiting } from '../machines/policy.ts';

/** Fewer trials than this with one type of task say less than all types together. */
const ENOUGH = 5;

const none: Trials = { passed: 0, failed: 0 };

export interface TrackRecord {
  /** Of one type of task where there is enough of it, otherwise of all. */
  of(model: string, taskType: string | undefined): Trials;
}

/** The folding side. */
export interface LiveTrackRecord extends TrackRecord {
  told(message: TaskMessage): void;
}

export function createTrackRecord(): LiveTrackRecord {
  /** Who thought for an attempt in hand, by task. */
  const thinking = new Map<string, string>();
  /** Failures of a task that were looked at. */
  const failed = new Map<string, number>();
  const trials = new Map<string, Trials>();

  function count(key: string, passed: boolean): void {
    const before = trials.get(key) ?? none;
    trials.set(key, {
      passed: before.passed + Number(passed),
      failed: before.failed + Number(!passed),
    });
  }

  function judge(taskType: string, model: string | undefined, passed: boolean): void {
    if (model !== undefined) for (const key of [model, `${model} ${taskType}`]) count(key, passed);
  }

  return {
    of(model, taskType) {
      const own = trials.get(`${model} ${taskType}`) ?? none;
      return own.passed + own.failed >= ENOUGH ? own : (trials.get(model) ?? none);
    },
    told({ type, data }) {
      const { id, type: taskType, agent, failures } = data.task;
      if (type === 'task.stepped') {
        const { step } = data;
        if (step.usage && step.agent === agent) thinking.set(id, step.usage.model);
        return;
      }
      if (type === 'task.completed') judge(taskType, thinking.get(id), true);
      else if (type === 'task.failed' || type === 'task.escalated') {
        const failure = failures.length > (failed.get(id) ?? 0) ? failures.at(-1) : undefined;
        failed.set(id, failures.length);
        // The same attempt goes on, with what was thought for it.
        if (failure && waiting.includes(failure.kind)) return;
        if (failure && climbing.includes(failure.kind)) judge(taskType, failure.model ?? thinking.get(id), false);
      } else return;
      thinking.delete(id);
    },
  };
}
