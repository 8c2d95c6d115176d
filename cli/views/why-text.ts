// The causal chain of a task as lines, from the mission down to the commit and the score.

import { pad } from '../../org/width.ts';
import { count, duration, money, type When } from '../format.ts';
import { clean, cut, type Paint } from '../output.ts';
import { statusTones } from './tasks.ts';
import type { AttemptView, Why } from './why.ts';

const LABEL = 11;

type Entry = { readonly at: number; readonly lines: readonly string[] };

function attemptLines(attempt: AttemptView, paint: Paint, width: number, when: When): string[] {
  const head = `${pad(`attempt ${attempt.number}`, LABEL)}${pad(when(attempt.startedAt), 11)}${clean(attempt.agent)}, rung ${attempt.rung}`;
  const steps = attempt.steps.map(({ name, ms, cost }) => {
    const price = cost === 0 ? '' : `  ${money(cost)}`;
    return paint(`${' '.repeat(LABEL + 11)}${pad(cut(clean(name), 16), 16)}  ${duration(ms)}${price}`, 'dim');
  });
  const failures = attempt.failures.map(({ kind, reason }) =>
    paint(cut(`${' '.repeat(LABEL + 11)}failed: ${kind}: ${clean(reason)}`, width), 'warn'),
  );
  return [head, ...steps, ...failures];
}

function ending(why: Why, paint: Paint, width: number): string[] {
  const { task, pull } = why;
  const line = (label: string, text: string) => cut(`${pad(label, LABEL)}${text}`, width);
  const lines: string[] = [];
  if (pull !== undefined) {
    const reviews = pull.reviews
      .map(({ by, verdict }) => `${verdict === 'approve' ? 'approved' : 'rejected'} by ${clean(by)}`)
      .join(', ');
    const checks = pull.checks.at(-1);
    const checked = checks === undefined ? 'not checked' : checks.ok ? 'checks passed' : 'checks failed';
    lines.push(line('pull', `${pull.number}  ${checked}, ${reviews || 'not reviewed'}, ${pull.status}`));
    for (const note of pull.reviews.flatMap(({ notes }) => notes)) lines.push(line('', clean(note)));
  }
  for (const { check, ok, by, detail } of task.evidence) {
    const text = line(
      lines.some((one) => one.startsWith('evidence')) ? '' : 'evidence',
      `${ok ? 'ok' : 'NO'}  ${check}  by ${clean(by)}  ${clean(detail)}`,
    );
    lines.push(ok ? text : paint(text, 'bad'));
  }
  if (task.merged !== undefined) lines.push(line('commit', clean(task.merged)));
  if (task.summary !== undefined) lines.push(line('result', clean(task.summary)));
  if (task.score !== undefined)
    lines.push(line('score', `${Math.round(task.score)} ${clean(task.band ?? '')}`.trimEnd()));
  const tokens = task.spent.inputTokens + task.spent.outputTokens;
  lines.push(
    line('cost', `${money(task.spent.cost)}, ${count(tokens)} tokens, ${duration(task.spent.workingMs)} of work`),
  );
  return lines;
}

/** Lines of at most `width` columns. */
export function renderWhy(why: Why, paint: Paint, width: number, when: When): string[] {
  const { task } = why;
  const line = (label: string, text: string) => cut(`${pad(label, LABEL)}${text}`, width);
  const status = paint(task.status, statusTones[task.status]);
  const room = width - task.id.length - task.status.length - 4;
  const chain: string[] = [`${paint(task.id, 'strong')}  ${cut(clean(task.title), room)}  ${status}`];
  if (why.mission !== undefined) chain.push(line('mission', clean(why.mission)));
  if (why.goal !== undefined) chain.push(line('goal', `${why.goal.id}  ${clean(why.goal.text)}`));
  if (why.directive !== undefined) {
    const { id, text, by, at } = why.directive;
    chain.push(line('directive', `${pad(when(at), 11)}${id} by ${clean(by)}: ${clean(text)}`));
  }
  if (why.parent !== undefined) chain.push(line('part of', `${why.parent.id}  ${clean(why.parent.title)}`));
  const after = task.dependsOn.length > 0 ? `, after ${task.dependsOn.join(' ')}` : '';
  const asks = `by ${clean(why.createdBy)} for ${task.role}, ${task.type}, expected ${duration(task.estimateMs)}${after}`;
  chain.push(line('task', `${pad(when(task.createdAt), 11)}${asks}`));
  if (task.reason !== undefined && task.status !== 'done') chain.push(line('now', clean(task.reason)));

  const entries: Entry[] = [
    ...why.attempts.map((attempt) => ({ at: attempt.startedAt, lines: attemptLines(attempt, paint, width, when) })),
    ...why.turnings.map(({ at, what, text }) => ({ at, lines: [line(what, `${pad(when(at), 11)}${clean(text)}`)] })),
    ...why.approvals.map((approval) => ({
      at: approval.askedAt,
      lines: [
        line('decision', `${pad(when(approval.askedAt), 11)}${approval.id} ${clean(approval.question)}`),
        line(
          '',
          approval.answer === undefined ? approval.status : `${clean(approval.answer)} by ${clean(approval.by ?? '?')}`,
        ),
      ],
    })),
  ];
  // Sorting is stable: what happened at one instant keeps the order above.
  entries.sort((a, b) => a.at - b.at);
  const children = why.children.map(({ id, title, status: state }) =>
    line('child', `${id}  ${state}  ${clean(title)}`),
  );
  return [...chain, ...entries.flatMap(({ lines }) => lines), ...children, ...ending(why, paint, width)];
}
