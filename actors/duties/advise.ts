import type { TaskDuty, TaskWork } from '../duty.ts';
import { taskTypes } from './types.ts';

/** Characters of an answer that the task's record keeps; those who build on it read them there. */
const KEPT = 4_000;

async function execute(work: TaskWork): Promise<void> {
  const { summary, advice } = await work.think('advise', [], ({ advice: text }) =>
    text.trim() === '' ? 'the advice is empty' : undefined,
  );
  work.note({ summary: `${summary}\n\n${advice}`.slice(0, KEPT) });
}

/** Work whose result is words: an answer, a plan, an opinion. */
export const advise: TaskDuty = {
  kind: 'task',
  thinks: true,
  name: 'advise',
  types: taskTypes.advise,
  needs: ['answer'],
  execute,
  async verify(work) {
    // The record, not the worker's word: an answer is only recorded when it parsed.
    const { advice } = await work.think('advise', []);
    const detail = `${advice.length} characters that keep the contract`;
    return { evidence: [{ check: 'answer', ok: advice.trim() !== '', by: 'harness', detail }] };
  },
};
