// What must hold of a company's stream, whatever happened to its processes.

import { neededEvidence } from '../../actors/duties/registry.ts';
import { isTaskMessage, type Message } from '../../bus/messages.ts';
import type { Task } from '../../bus/records.ts';
import { createAuditor } from '../../invariants/auditor.ts';
import { rulesOf } from '../../invariants/rules.ts';
import type { World } from './world.ts';

function twice(of: readonly string[]): readonly string[] {
  return [...new Set(of.filter((one, index) => of.indexOf(one) !== index))];
}

const said = (what: string, wrong: readonly string[]) => (wrong.length === 0 ? [] : [`${what}: ${wrong.join(', ')}`]);

/** The tasks as they are at the end, by id. */
export function tasksOf(world: World): ReadonlyMap<string, Task> {
  const tasks = new Map<string, Task>();
  for (const { message } of world.stream.messages) {
    if (isTaskMessage(message)) tasks.set(message.data.task.id, message.data.task);
  }
  return tasks;
}

function ofType<T extends Message['type']>(world: World, type: T): readonly Message<T>[] {
  return world.stream.messages.flatMap(({ message }) => (message.type === type ? [message as Message<T>] : []));
}

/** Questions asked although their answer was on the stream, or more often than processes died or hung. */
function askedInVain(world: World): readonly string[] {
  const recorded = new Map<string, number>();
  for (const { seq, message } of world.stream.messages) {
    if (message.type === 'task.stepped') recorded.set(`${message.data.task.key}.${message.data.step.name}`, seq);
  }
  // Who hung just before asking asks once more, and is refused afterwards.
  const late =
    world.hangs > 0 ? [] : world.asked.filter(({ id, seq }) => seq >= (recorded.get(id) ?? Number.POSITIVE_INFINITY));
  const counts = new Map<string, number>();
  for (const { id } of world.asked) counts.set(id, (counts.get(id) ?? 0) + 1);
  const often = [...counts].filter(([id, count]) => !/quota|flaky/.test(id) && count > 1 + world.deaths + world.hangs);
  return [...late.map(({ id }) => `${id} after its answer`), ...often.map(([id, count]) => `${id} ${count} times`)];
}

function forgotten(world: World, tasks: readonly Task[]): readonly string[] {
  const told = ofType(world, 'agent.remembered').map(({ data }) => data);
  const counted = [...new Map(told.map(({ agent, count }) => [agent, count])).values()].reduce((a, b) => a + b, 0);
  const names = told.map(({ task }) => task);
  return [
    ...twice(names).map((task) => `${task} twice`),
    ...tasks.filter(({ id }) => !names.includes(id)).map(({ id }) => `${id} not at all`),
    ...(counted === tasks.length ? [] : [`${counted} counted for ${tasks.length} tasks`]),
  ];
}

/** What is wrong, one line each; empty for a company that came through. */
export function unsound(world: World): readonly string[] {
  const tasks = [...tasksOf(world).values()];
  const done = tasks.filter(({ status }) => status === 'done');
  const completed = ofType(world, 'task.completed').map(({ data }) => data.task.id);
  const reports = ofType(world, 'report.filed').filter(({ data }) => data.kind === 'task' && data.status === 'done');
  const reported = reports.map(({ data }) => data.task ?? '');
  const steps = [
    ...ofType(world, 'task.stepped').map(({ data }) => `${data.task.id} ${data.step.name}`),
    ...ofType(world, 'job.stepped').map(({ data }) => `${data.job.id} ${data.step.name}`),
  ];
  const merged = ofType(world, 'pull.merged');
  return [
    ...said(
      'not ended',
      tasks.filter((task) => !['done', 'abandoned'].includes(task.status)).map(({ id, status }) => `${id} ${status}`),
    ),
    ...said('completed twice', twice(completed)),
    ...said('reported twice', twice(reported)),
    ...said(
      'not reported',
      done.filter(({ id }) => !reported.includes(id)).map(({ id }) => id),
    ),
    ...said('reported before it was done', earlyReports(world)),
    ...said('recorded twice', twice(steps)),
    ...said('merged twice', [
      ...twice(merged.map(({ data }) => String(data.number))),
      ...twice(merged.map(({ data }) => data.task)),
    ]),
    ...said('told twice', twice(ofType(world, 'brain.feature').map(({ data }) => data.task))),
    ...said('asked in vain', askedInVain(world)),
    ...said('remembered', forgotten(world, done)),
    ...said(
      'given up',
      ofType(world, 'dead.lettered').map(({ data }) => data.reason),
    ),
    ...said('audited', audited(world)),
    ...said(
      'left in a mailbox',
      [...world.stream.durables.values()].filter(({ unsettled }) => unsettled.size > 0).map(({ name }) => name),
    ),
  ];
}

/** What the auditor says of the whole stream, once it is over. */
function audited({ org, stream, now }: World): readonly string[] {
  const auditor = createAuditor(rulesOf(org, { needs: neededEvidence() }));
  const found = stream.messages.flatMap((stored) => [
    ...auditor.look(stored),
    ...auditor.atRest(Date.parse(stored.message.time)),
  ]);
  const all = [...found, ...auditor.atRest(now), ...auditor.atEnd(now)];
  return [...new Set(all.map(({ invariant, seq, detail }) => `${invariant} at ${seq}, ${detail}`))];
}

function earlyReports(world: World): readonly string[] {
  const done = new Set<string>();
  const early: string[] = [];
  for (const { message } of world.stream.messages) {
    if (message.type === 'task.completed') done.add(message.data.task.id);
    if (message.type !== 'report.filed' || message.data.kind !== 'task' || message.data.status !== 'done') continue;
    if (!done.has(message.data.task ?? '')) early.push(message.data.id);
  }
  return early;
}
