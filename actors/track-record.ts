// How work went with each model: a fold of the tasks' events. Only what judges the work counts: an outage is no model's fault.

import type { Trials } from '../brain/models/trials.ts';
import type { TaskMessage } from '../bus/messages.ts';
import { climbing } from '../machines/policy.ts';

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
  const trials = new Map<string, Trials>();

  function count(key: string, passed: boolean): void {
    const before = trials.get(key) ?? none;
    trials.set(key, {
      passed: before.passed + Number(passed),
      failed: before.failed + Number(!passed),
    });
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
      if (type !== 'task.completed' && type !== 'task.failed' && type !== 'task.escalated') return;
      const model = thinking.get(id);
      const kind = failures.at(-1)?.kind;
      const judged = type === 'task.completed' || (kind !== undefined && climbing.includes(kind));
      if (model !== undefined && judged) {
        for (const key of [model, `${model} ${taskType}`]) count(key, type === 'task.completed');
      }
      thinking.delete(id);
    },
  };
}
