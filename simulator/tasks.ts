// A scenario with a task less: out of its backlog and its plans, and out of what other tasks wait for.

import { parseAnswer } from '../brain/answers.ts';
import type { ScriptedAnswer } from '../brain/models/scripted.ts';
import type { PlannedTask } from '../bus/records.ts';
import type { Scenario } from '../scenarios/schema.ts';

function without(tasks: readonly PlannedTask[], key: string): PlannedTask[] {
  return tasks
    .filter((task) => task.key !== key)
    .map((task) => ({ ...task, after: task.after.filter((other) => other !== key) }));
}

function planWithout(answer: ScriptedAnswer, key: string): ScriptedAnswer {
  if (answer.for.purpose !== 'decompose' || !('text' in answer.reply)) return answer;
  const parsed = parseAnswer('decompose', answer.reply.text);
  if (!parsed.ok) return answer;
  return { ...answer, reply: { text: JSON.stringify({ ...parsed.answer, tasks: without(parsed.answer.tasks, key) }) } };
}

/** Undefined when no task would be left, or nothing would change. */
export function withoutTask(scenario: Scenario, key: string): Scenario | undefined {
  const { backlog } = scenario.given;
  const answers = scenario.answers.map((answer) => planWithout(answer, key));
  const left = backlog === undefined ? undefined : without(backlog, key);
  const changed = answers.some(
    (answer, index) =>
      answer.reply !== scenario.answers[index]?.reply && textOf(answer) !== textOf(scenario.answers[index]),
  );
  if (left?.length === 0 || (!changed && left?.length === backlog?.length)) return undefined;
  if (answers.some((answer) => answer.for.purpose === 'decompose' && /"tasks":\[\]/.test(textOf(answer))))
    return undefined;
  return { ...scenario, answers, given: { ...scenario.given, ...(left === undefined ? {} : { backlog: left }) } };
}

function textOf(answer: ScriptedAnswer | undefined): string {
  return answer && 'text' in answer.reply ? answer.reply.text : '';
}
