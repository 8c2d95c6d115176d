// What another policy would have changed in a recorded company: scores and bands, who stands where, who would have got
// which task, which tasks would have been given up on, and what that costs. Counted from the stream alone; what a policy would
// have led to afterwards nobody knows, and it is not guessed.

import { counting, nextStanding } from '../../actors/standing.ts';
import type { Stored } from '../../bus/bus.ts';
import type { Standing } from '../../bus/learned.ts';
import { isTaskMessage } from '../../bus/messages.ts';
import type { Task } from '../../bus/records.ts';
import { climbing } from '../../machines/policy.ts';
import { bandOf, scoreOf } from '../../machines/score.ts';
import { recordOf, type Sample } from '../../machines/standing.ts';
import { agentsOf, type Org, roleOf } from '../../org/org.ts';

type Was<T> = { readonly before: T; readonly after: T };

export type Trial = {
  readonly scored: number;
  /** Tasks whose band would be another. */
  readonly bands: readonly ({ readonly task: string } & Was<{ score: number; band: string }>)[];
  /** Changes of standing under each policy, in order. */
  readonly standings: Was<readonly Standing[]>;
  /** Attempts that somebody on the bench would not have had. */
  readonly assignments: readonly { readonly task: string; readonly attempt: number; readonly agent: string }[];
  /** Tasks that would have been given up on at an earlier attempt, and the recorded cost of what would not have been tried. */
  readonly escalations: readonly { readonly task: string; readonly attempt: number; readonly saved: number }[];
  /** Recorded escalations that the other ladder would have tried once more: what comes of that is unknown. */
  readonly triedAgain: readonly string[];
  /** US dollars. */
  readonly cost: { readonly recorded: number; readonly saved: number };
};

type Moment = {
  readonly task: Task;
  readonly at: number;
  readonly type: string;
  readonly id: string;
  readonly cost: number;
};

function momentsOf(history: readonly Stored[]): Moment[] {
  return history.flatMap(({ message }) => {
    if (!isTaskMessage(message)) return [];
    const cost = message.type === 'task.stepped' ? (message.data.step.usage?.cost ?? 0) : 0;
    return [{ task: message.data.task, at: Date.parse(message.time), type: message.type, id: message.id, cost }];
  });
}

const rounded = (dollars: number) => Math.round(dollars * 1e6) / 1e6;

/** A task's score and band under a policy; undefined when its ledger was not kept. */
function judged(task: Task, org: Org): { score: number; band: string } | undefined {
  if (task.ledger === undefined) return undefined;
  const { score } = scoreOf(
    org.reward,
    Object.fromEntries(task.ledger.rows.map(({ signal, value }) => [signal, value])),
  );
  return { score, band: bandOf(org.reward, score).name };
}

/** Who stands where and when, when the tasks of a history are scored and judged by a policy. */
function standingsUnder(
  moments: readonly Moment[],
  org: Org,
): { changes: Standing[]; benchedAt(agent: string, at: number): boolean } {
  const samples = new Map<string, Sample[]>();
  const last = new Map<string, Standing>();
  const changes: Standing[] = [];
  const changed = (next: Standing | undefined) => {
    if (next === undefined) return;
    last.set(next.agent, next);
    changes.push(next);
  };
  for (const { task, type, id, at } of moments) {
    const verdict = type === 'task.completed' ? judged(task, org) : undefined;
    const { agent, role } = task;
    if (verdict === undefined || agent === undefined) continue;
    const sat = last.get(agent);
    if (sat?.standing === 'benched' && sat.until !== undefined && at >= sat.until) {
      changed(nextStanding(org.standing, { agent, role, last: sat }, [], { type: 'RETURNED' }, [], sat.until));
    }
    const all = [...(samples.get(agent) ?? []), { task: task.id, score: verdict.score, at, cause: id }];
    samples.set(agent, all);
    const own = counting(last.get(agent), all).slice(-org.standing.window);
    const event = { type: 'JUDGED', record: recordOf(org.standing, own, at) } as const;
    const evidence = own.map(({ cause }) => cause);
    changed(nextStanding(org.standing, { agent, role, last: last.get(agent) }, own, event, evidence, at));
  }
  return {
    changes,
    benchedAt: (agent, at) => {
      const now = changes.findLast((one) => one.agent === agent && one.since <= at);
      return now?.standing === 'benched' && at < (now.until ?? Number.POSITIVE_INFINITY);
    },
  };
}

/** Failed attempts after which a ladder gives up. */
const longest = (org: Org, role: string) => {
  const ladder = roleOf(org, role)?.policy.ladder;
  return ladder === undefined ? Number.POSITIVE_INFINITY : ladder.indexOf('escalate');
};

/** Where a task would have been given up on, if that is earlier than it was; its failures are those before a reassignment. */
function givenUp(own: readonly Moment[], org: Org): { attempt: number; saved: number } | undefined {
  const until = own.findIndex(
    // What was moved before anybody had begun has not failed yet.
    ({ type, task }) => type === 'task.escalated' || (type === 'task.reassigned' && task.failures.length > 0),
  );
  const first = until < 0 ? own : own.slice(0, until);
  const task = first.at(-1)?.task;
  const failures = (task?.failures ?? []).filter(({ kind }) => climbing.includes(kind));
  const limit = longest(org, task?.role ?? '');
  const cut = failures[limit - 1];
  if (cut === undefined || first.at(-1)?.task.attempt === cut.attempt) return undefined;
  const after = first.filter(({ task: now }) => now.attempt > cut.attempt);
  return { attempt: cut.attempt, saved: rounded(after.reduce((sum, { cost }) => sum + cost, 0)) };
}

/**
 * Compares a recorded history with the same one under another policy. Pure.
 * @param before the org chart that was in force
 * @param after the same one with the other policy
 */
export function tryPolicy(history: readonly Stored[], before: Org, after: Org): Trial {
  const moments = momentsOf(history);
  const done = moments.filter(({ type }) => type === 'task.completed');
  const bands = done.flatMap(({ task }) => {
    const [was, would] = [judged(task, before), judged(task, after)];
    return was && would && was.band !== would.band ? [{ task: task.id, before: was, after: would }] : [];
  });
  const [stood, would] = [standingsUnder(moments, before), standingsUnder(moments, after)];
  const assignments = moments.flatMap(({ task, type, at }) => {
    const { agent } = task;
    const role = roleOf(after, task.role);
    if (type !== 'task.started' || agent === undefined || role === undefined) return [];
    if (!would.benchedAt(agent, at) || stood.benchedAt(agent, at)) return [];
    // Somebody on the bench works all the same when everybody is.
    if (agentsOf(role).every((one) => would.benchedAt(one, at))) return [];
    return [{ task: task.id, attempt: task.attempt, agent }];
  });
  const byTask = new Map<string, Moment[]>();
  for (const moment of moments) byTask.set(moment.task.id, [...(byTask.get(moment.task.id) ?? []), moment]);
  const escalations = [...byTask].flatMap(([task, own]) => {
    const cut = givenUp(own, after);
    return cut === undefined ? [] : [{ task, ...cut }];
  });
  const triedAgain = [...byTask].flatMap(([id, own]) => {
    const at = own.find(({ type }) => type === 'task.escalated')?.task;
    const failures = (at?.failures ?? []).filter(({ kind }) => climbing.includes(kind)).length;
    return at && failures > 0 && failures >= longest(before, at.role) && failures < longest(after, at.role) ? [id] : [];
  });
  const recorded = rounded(moments.reduce((sum, { cost }) => sum + cost, 0));
  return {
    scored: done.filter(({ task }) => task.ledger !== undefined).length,
    bands,
    standings: { before: stood.changes, after: would.changes },
    assignments,
    escalations,
    triedAgain,
    cost: { recorded, saved: rounded(escalations.reduce((sum, { saved }) => sum + saved, 0)) },
  };
}
