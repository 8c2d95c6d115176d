// How a run ends: what was built, where it is, what it cost, what went wrong on the way, what was lost or done twice. All
// of it is counted from the stream; nothing that ran keeps a tally of its own.

import type { Stored } from '../bus/bus.ts';
import type { Task } from '../bus/records.ts';
import { countLosses } from '../scenarios/losses.ts';
import { auditOf } from './audit-history.ts';
import { withoutTask } from './describe-work.ts';
import { latestOf, ofType, spendingOf, timeOf } from './views/history.ts';

export type Report = {
  readonly company: string;
  readonly mission: string | undefined;
  readonly products: readonly {
    readonly slug: string;
    readonly name: string;
    /** The last deployment's state and commit; undefined when it was never deployed. */
    readonly deployment: { readonly status: string; readonly commit: string; readonly detail: string } | undefined;
  }[];
  readonly merged: readonly {
    readonly task: string;
    readonly title: string;
    readonly author: string;
    readonly commit: string;
  }[];
  readonly tasks: {
    readonly created: number;
    readonly done: number;
    readonly abandoned: number;
    readonly escalated: number;
    readonly open: readonly string[];
  };
  /** Attempts that failed. */
  readonly retries: number;
  readonly escalations: number;
  readonly reassigned: number;
  readonly splits: number;
  readonly decisions: { readonly asked: number; readonly answered: number };
  readonly crashes: number;
  readonly alerts: number;
  readonly milestones: readonly string[];
  readonly deadLetters: number;
  /** Tasks that were created and never ended, by key. */
  readonly lost: readonly string[];
  /** What was done twice, one line each. */
  readonly duplicated: readonly string[];
  readonly cost: number;
  readonly tokens: number;
  readonly calls: number;
  readonly messages: number;
  readonly startedAt: number;
  /** Of the company's clock. */
  readonly elapsedMs: number;
  /** The task whose history is the most worth reading. */
  readonly worthReading: string | undefined;
};

/** The most failures, then the most attempts; undefined when everything went well at once. */
function mostEventful(tasks: readonly Task[]): string | undefined {
  const eventful = tasks.filter(({ failures, attempt }) => failures.length > 0 || attempt > 1);
  eventful.sort((a, b) => b.failures.length - a.failures.length || b.attempt - a.attempt);
  return (eventful[0] ?? tasks.find(({ merged }) => merged !== undefined) ?? tasks[0])?.id;
}

function mergedOf(history: readonly Stored[]): Report['merged'] {
  return ofType(history, 'pull.merged').map(({ data }) => ({
    task: data.task,
    title: withoutTask(data),
    author: data.author,
    commit: data.merged ?? data.head,
  }));
}

function productsOf(history: readonly Stored[]): Report['products'] {
  const deployments = ofType(history, 'brain.deployment');
  const names = new Map(ofType(history, 'brain.product').map(({ data }) => [data.slug, data.name]));
  for (const { data } of ofType(history, 'pull.merged'))
    if (!names.has(data.product)) names.set(data.product, data.product);
  return [...names].map(([slug, name]) => {
    const last = deployments.findLast(({ data }) => data.product === slug)?.data;
    return {
      slug,
      name,
      deployment: last === undefined ? undefined : { status: last.status, commit: last.commit, detail: last.detail },
    };
  });
}

/** Counts a run from its messages. Pure. */
export function reportOf(history: readonly Stored[], company: string): Report {
  const latest = latestOf(history);
  const tasks = [...latest.tasks.values()];
  const spending = spendingOf(history);
  const startedAt = history[0] === undefined ? 0 : timeOf(history[0].message);
  const endedAt = history.at(-1);
  const is = (status: Task['status']) => tasks.filter((task) => task.status === status).length;
  const { retries, escalations } = countLosses(history);
  // Judged by the auditor, as expectations are.
  const { lost, duplicated } = auditOf(history, undefined);
  return {
    company,
    mission: ofType(history, 'brain.mission').at(-1)?.data.text,
    products: productsOf(history),
    merged: mergedOf(history),
    tasks: {
      created: tasks.length,
      done: is('done'),
      abandoned: is('abandoned'),
      escalated: is('escalated'),
      open: tasks.filter(({ status }) => status !== 'done' && status !== 'abandoned').map(({ id }) => id),
    },
    retries,
    escalations,
    reassigned: ofType(history, 'task.reassigned').length,
    splits: ofType(history, 'task.decomposed').length,
    decisions: {
      asked: latest.approvals.size,
      answered: [...latest.approvals.values()].filter(({ status }) => status === 'answered').length,
    },
    crashes: ofType(history, 'agent.changed').filter(({ data }) => data.state === 'crashed').length,
    alerts: ofType(history, 'alert.raised').length,
    milestones: ofType(history, 'brain.milestone').map(({ data }) => data.text),
    deadLetters: ofType(history, 'dead.lettered').length,
    lost,
    duplicated,
    cost: spending.cost,
    tokens: spending.inputTokens + spending.outputTokens,
    calls: spending.calls,
    messages: history.length,
    startedAt,
    elapsedMs: endedAt === undefined ? 0 : timeOf(endedAt.message) - startedAt,
    worthReading: mostEventful(tasks),
  };
}
