// Does a run end as its scenario says? Pure over the stream; only the product's files and commits are asked for.

import { keyMatches } from '../brain/models/scripted.ts';
import type { Stored } from '../bus/bus.ts';
import { isTaskMessage, type TaskMessage } from '../bus/messages.ts';
import { matches } from '../bus/subjects.ts';
import { type Rung, rungs } from '../machines/policy.ts';
import type { TaskExpectation } from './expectations.ts';
import { isAgentOf } from './faults.ts';
import { learningOf } from './learning.ts';
import { countLosses, type Losses } from './losses.ts';
import type { Scenario } from './schema.ts';
import type { Amount } from './words.ts';

/** One thing that was expected, and what it came to. */
export type Check = {
  readonly ok: boolean;
  /** `task store: attempts`. */
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
  /** The last events that had to do with it, at most five, oldest first. */
  readonly before: readonly Stored[];
};

/** What a run left. */
export type World = {
  readonly messages: readonly Stored[];
  /** What the auditor says is lost or doubled; counted here when nobody audited. */
  readonly audited?: Pick<Losses, 'lost' | 'duplicated'>;
  /** A file of the product as it was merged; undefined when there is none. */
  readFile(path: string): Promise<string | undefined>;
  /** Commits of the product's default branch. */
  commits(): Promise<readonly { readonly sha: string; readonly author: string; readonly subject: string }[]>;
};

type Verdict = Omit<Check, 'before'>;

const SHOWN = 5;

/** The last five events up to the last one that `concerns` it; the last five of the work when none does. */
function eventsBefore(messages: readonly Stored[], concerns: (stored: Stored) => boolean): readonly Stored[] {
  const last = messages.findLastIndex(concerns);
  return last < 0 ? lastWork(messages) : messages.slice(0, last + 1).slice(-SHOWN);
}

function lastWork(messages: readonly Stored[]): readonly Stored[] {
  return messages.filter(({ message }) => !routine.includes(message.type)).slice(-SHOWN);
}

/** What a company says at any time, and while it closes, whatever it did before. */
const routine: readonly string[] = ['agent.changed', 'control.changed', 'clock.ticked'];

function fits(expected: Amount, actual: number | undefined): boolean {
  if (actual === undefined) return false;
  if (typeof expected === 'number') return actual === expected;
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = expected;
  return actual >= atLeast && actual <= atMost;
}

function amountInWords(amount: Amount): string {
  if (typeof amount === 'number') return String(amount);
  const { atLeast, atMost } = amount;
  const parts = [atLeast === undefined ? '' : `at least ${atLeast}`, atMost === undefined ? '' : `at most ${atMost}`];
  return parts.filter((part) => part !== '').join(', ') || 'any number';
}

function amount(what: string, expected: Amount, actual: number | undefined): Verdict {
  return { ok: fits(expected, actual), what, expected: amountInWords(expected), actual: String(actual ?? 'none') };
}

function same(what: string, expected: string, actual: string | undefined): Verdict {
  return { ok: expected === actual, what, expected, actual: actual ?? 'none' };
}

/** Passes when every expected word is among the actual ones. */
function includes(what: string, expected: readonly string[], actual: Iterable<string>): Verdict {
  const have = [...new Set(actual)];
  const ok = expected.every((one) => have.includes(one));
  return { ok, what, expected: expected.join(', '), actual: have.join(', ') || 'none' };
}

/**
 * Compares the end of a run with its scenario's `then`.
 * @returns every expectation, met or not, in the order of the file
 */
export async function checkExpectations(scenario: Pick<Scenario, 'then'>, world: World): Promise<Check[]> {
  const { then } = scenario;
  const { messages } = world;
  const all = (verdict: Verdict): Check => ({ ...verdict, before: lastWork(messages) });
  return [
    ...Object.entries(then.tasks).flatMap(([key, expected]) => checkTask(key, expected, messages)),
    ...checkAgents(then, messages),
    ...checkMessages(then, messages),
    ...(await checkFiles(then, world)).map(all),
    ...(await checkCommits(then, world)).map(all),
    ...checkCompany(then, world).map(all),
  ];
}

function checkTask(key: string, expected: TaskExpectation, messages: readonly Stored[]): Check[] {
  const events = messages
    .map(({ message }) => message)
    .filter((message): message is TaskMessage => isTaskMessage(message) && keyMatches(key, message.data.task.key));
  const task = events.at(-1)?.data.task;
  const about = (name: string) => `task ${key}: ${name}`;
  const verdicts: Verdict[] = [];
  const { status, role, agent, attempts, reassigned, children, score, band } = expected;
  if (!task) verdicts.push({ ok: false, what: `task ${key}`, expected: 'a task', actual: 'none was created' });
  if (status !== undefined) {
    const actual = [task?.status ?? 'none', task?.reason && `(${task.reason})`].filter(Boolean).join(' ');
    verdicts.push({ ok: task?.status === status, what: about('status'), expected: status, actual });
  }
  if (role !== undefined) verdicts.push(same(about('role'), role, task?.role));
  if (agent !== undefined) verdicts.push(same(about('agent'), agent, task?.agent));
  if (attempts !== undefined) verdicts.push(amount(about('attempts'), attempts, task?.attempt));
  if (reassigned !== undefined) verdicts.push(amount(about('reassigned'), reassigned, task?.reassigned));
  if (children !== undefined) verdicts.push(amount(about('children'), children, task?.children.length));
  if (score !== undefined) verdicts.push(amount(about('score'), score, task?.score));
  if (band !== undefined) {
    const bands = [band].flat();
    const ok = task?.band !== undefined && bands.includes(task.band);
    verdicts.push({ ok, what: about('band'), expected: bands.join(' or '), actual: task?.band ?? 'none' });
  }
  if (expected.rungs) verdicts.push(same(about('rungs'), expected.rungs.join(', '), rungsOf(events).join(', ')));
  if (expected.failures) {
    const kinds = (task?.failures ?? []).map(({ kind }) => kind);
    verdicts.push(same(about('failures'), expected.failures.join(', '), kinds.join(', ')));
  }
  if (expected.evidence) {
    const passed = (task?.evidence ?? []).filter(({ ok }) => ok).map(({ check }) => check);
    verdicts.push(includes(about('evidence'), expected.evidence, passed));
  }
  const before = eventsBefore(
    messages,
    ({ message }) => isTaskMessage(message) && keyMatches(key, message.data.task.key),
  );
  return verdicts.map((verdict) => ({ ...verdict, before }));
}

/** The rungs a task went through, in order, by the names of the default ladder. */
function rungsOf(events: readonly TaskMessage[]): Rung[] {
  const found: Rung[] = [];
  for (const { type, data } of events) {
    const { task } = data;
    const planning = type === 'task.decomposed' || (type === 'task.failed' && task.phase === 'planning');
    const rung = planning
      ? 'decompose'
      : type === 'task.escalated'
        ? 'escalate'
        : type === 'task.started'
          ? rungs[task.rung - 1]
          : undefined;
    if (rung !== undefined && rung !== found.at(-1)) found.push(rung);
  }
  return found;
}

function checkAgents({ agents }: Scenario['then'], messages: readonly Stored[]): Check[] {
  return Object.entries(agents).flatMap(([name, { visits, average, standings }]) => {
    const stood = messages.flatMap(({ message }) =>
      message.type === 'standing.changed' && isAgentOf(message.data.agent, name) ? [message.data.standing] : [],
    );
    const states: string[] = [];
    let last: number | undefined;
    for (const { message } of messages) {
      if (message.type === 'agent.changed' && isAgentOf(message.data.agent, name)) states.push(message.data.state);
      if (message.type === 'agent.remembered' && isAgentOf(message.data.agent, name)) last = message.data.average;
    }
    // A state with substates was visited when one of them was.
    const visited = states.flatMap((state) => [state, state.split('.')[0] ?? state]);
    const verdicts = [
      ...(visits === undefined ? [] : [includes(`agent ${name}: visits`, visits, visited)]),
      ...(average === undefined ? [] : [amount(`agent ${name}: average`, average, last)]),
      ...(standings === undefined ? [] : [same(`agent ${name}: standings`, standings.join(', '), stood.join(', '))]),
    ];
    const before = eventsBefore(
      messages,
      ({ message }) => message.type === 'agent.changed' && isAgentOf(message.data.agent, name),
    );
    return verdicts.map((verdict) => ({ ...verdict, before }));
  });
}

function checkMessages(then: Scenario['then'], messages: readonly Stored[]): Check[] {
  return then.messages.map(({ on, type, from, count }) => {
    const is = ({ subject, message }: Stored) =>
      matches(on, subject) &&
      (type === undefined || message.type === type) &&
      (from === undefined || isAgentOf(message.source, from));
    const what = [`messages on ${on}`, type && `of type ${type}`, from && `from ${from}`].filter(Boolean).join(' ');
    return { ...amount(what, count, messages.filter(is).length), before: eventsBefore(messages, is) };
  });
}

async function checkFiles({ files }: Scenario['then'], world: World): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { path, contains, lacks, absent } of files) {
    const content = await world.readFile(path);
    const actual = content === undefined ? 'no such file' : 'the file is there';
    verdicts.push({
      ok: (content === undefined) === (absent ?? false),
      what: `file ${path}`,
      expected: absent ? 'no such file' : 'the file is there',
      actual,
    });
    if (content === undefined) continue;
    const has = (text: string) => (content.includes(text) ? 'it does' : 'it does not');
    for (const text of [contains ?? []].flat())
      verdicts.push(same(`file ${path}: contains "${text}"`, 'it does', has(text)));
    for (const text of [lacks ?? []].flat())
      verdicts.push(same(`file ${path}: contains "${text}"`, 'it does not', has(text)));
  }
  return verdicts;
}

async function checkCommits({ commits }: Scenario['then'], world: World): Promise<Verdict[]> {
  if (!commits) return [];
  const found = await world.commits();
  const by = Object.entries(commits.by ?? {}).map(([name, count]) =>
    amount(`commits by ${name}`, count, found.filter(({ author }) => isAgentOf(author, name)).length),
  );
  return [...(commits.count === undefined ? [] : [amount('commits', commits.count, found.length)]), ...by];
}

function checkCompany(then: Scenario['then'], { messages, audited }: World): Verdict[] {
  const milestones: string[] = [];
  const deployments: string[] = [];
  const answered: string[] = [];
  const refused: (string | undefined)[] = [];
  for (const { message } of messages) {
    if (message.type === 'brain.milestone') milestones.push(message.data.name);
    if (message.type === 'money.settled' && message.data.usage) answered.push(message.data.usage.model);
    if (message.type === 'policy.decided' && message.data.verdict === 'deny') refused.push(message.data.rule);
    if (message.type === 'brain.deployment') deployments.push(message.data.status);
  }
  const losses = { ...countLosses(messages), ...audited };
  const counted = (what: 'lost' | 'duplicated'): Verdict => {
    const found = losses[what];
    const list = found.length === 0 ? '' : ` (${found.join('; ')})`;
    return { ...amount(what, then[what], found.length), actual: `${found.length}${list}` };
  };
  return [
    ...(then.milestones.length === 0 ? [] : [includes('milestones', then.milestones, milestones)]),
    ...Object.entries(then.deployments ?? {}).map(([status, count]) =>
      amount(`deployments ${status}`, count, deployments.filter((one) => one === status).length),
    ),
    ...Object.entries(then.refusals ?? {}).map(([rule, count]) =>
      amount(`refusals by ${rule}`, count, refused.filter((one) => one === rule).length),
    ),
    ...Object.entries(then.models ?? {}).map(([model, count]) =>
      amount(`answers of ${model}`, count, answered.filter((one) => one === model).length),
    ),
    ...(then.cost === undefined ? [] : [amount('cost in dollars', then.cost, losses.cost)]),
    ...(then.retries === undefined ? [] : [amount('retries', then.retries, losses.retries)]),
    ...checkLearning(then, messages),
    ...(then.escalations === undefined ? [] : [amount('escalations', then.escalations, losses.escalations)]),
    counted('lost'),
    counted('duplicated'),
  ];
}

function checkLearning({ learning, lessons }: Scenario['then'], messages: readonly Stored[]): Verdict[] {
  const { retries, held } = learningOf(messages, learning?.tasks ?? 1);
  const verdicts: Verdict[] = [];
  if (learning !== undefined) {
    const { first, last } = retries;
    verdicts.push({
      // Without any retry at first there was nothing to learn.
      ok: first > 0 && last <= first * learning.atMost,
      what: `retries of the last ${learning.tasks} tasks`,
      expected: `at most ${learning.atMost} of those of the first ${learning.tasks}`,
      actual: `${last} after ${first}`,
    });
  }
  if (lessons !== undefined) verdicts.push(amount('lessons', lessons, held));
  return verdicts;
}
