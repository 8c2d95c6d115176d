// What the shape of a scenario allows and its story does not: words about tasks that nobody plans, a backlog that waits for
// itself, outages that end before they begin. None of it could ever come true, and some of it would pass for success.

import { parseAnswer } from '../brain/answers.ts';
import type { ScriptedAnswer } from '../brain/models/scripted.ts';
import { cycleIn } from '../bus/dependencies.ts';
import type { PlannedTask } from '../bus/records.ts';
import { isEverSpokenOn, subjectTable } from '../bus/subjects.ts';
import type { OrgDocument } from '../org/document.ts';
import { didYouMean, type Keys, type Problem, quote } from '../org/problems.ts';
import type { Scenario, ScenarioFile } from './schema.ts';

/** All of them; `document` says where they are written. */
export function looseEnds(scenario: Scenario, file: ScenarioFile, document: OrgDocument): Problem[] {
  return [
    ...strangers(scenario, file, document),
    ...tangles(file.given.backlog ?? [], document),
    ...shutWindows(scenario, document),
    ...silence(file, document),
  ];
}

/** Purposes whose questions are about a task of a plan. */
const aboutTasks = ['write', 'work', 'advise', 'split', 'review', 'answer', 'staff'];

/** The key of a task that goes on with partial work (actors/follow-up.ts): no plan has it. */
const FOLLOW_UP = /^go-on-\d+$/;

/** Keys of tasks that no plan of the scenario has: a rule, an event, a fault or an expectation that could never come true. */
function strangers(scenario: Scenario, file: ScenarioFile, document: OrgDocument): Problem[] {
  const known = plannedKeys(file.given.backlog ?? [], scenario.answers);
  const mentions: [Keys, string | undefined][] = [
    ...file.answers.map(({ for: { purpose, task } }, index): [Keys, string | undefined] => [
      ['answers', index, 'for', 'task'],
      aboutTasks.includes(purpose ?? '') ? task : undefined,
    ]),
    ...file.when.flatMap(({ at, answer }, index): [Keys, string | undefined][] => [
      [['when', index, 'at', 'after', 'task'], typeof at === 'string' ? undefined : at.after.task],
      [['when', index, 'at', 'after', 'asked'], typeof at === 'string' ? undefined : at.after.asked],
      [['when', index, 'answer', 'task'], answer?.task],
    ]),
    ...file.faults.flatMap((fault, index) =>
      Object.entries(fault).map(([kind, details]): [Keys, string | undefined] => [
        ['faults', index, kind, 'task'],
        details && 'task' in details ? details.task : undefined,
      ]),
    ),
    ...file.until.flatMap(({ task, asked }, index): [Keys, string | undefined][] => [
      [['until', index, 'task'], task],
      [['until', index, 'asked'], asked],
    ]),
    ...Object.keys(file.then.tasks).map((key): [Keys, string] => [['then', 'tasks', key], key]),
  ];
  return mentions.flatMap(([keys, key]) => {
    const last = key?.split('.').at(-1);
    if (key === undefined || last === undefined || key === '*') return [];
    if (known.has(last) || FOLLOW_UP.test(last)) return [];
    return [document.problem(keys, `${quote(key)} is no task of any plan here${didYouMean(last, known)}`)];
  });
}

function plannedKeys(backlog: readonly { key: string }[], answers: readonly ScriptedAnswer[]): Set<string> {
  const keys = new Set(backlog.map(({ key }) => key));
  for (const { reply } of answers) {
    const plan = 'text' in reply ? parseAnswer('decompose', reply.text) : undefined;
    if (plan?.ok) for (const { key } of plan.answer.tasks) keys.add(key);
  }
  return keys;
}

/** Tasks of the backlog that share a key, wait for one that is not there, or for each other. */
function tangles(backlog: readonly PlannedTask[], document: OrgDocument): Problem[] {
  const keys = backlog.map(({ key }) => key);
  const at = (index: number): Keys => ['given', 'backlog', index];
  const problems = backlog.flatMap(({ key, after }, index) => [
    ...(keys.indexOf(key) < index
      ? [document.problem([...at(index), 'key'], `${quote(key)} is the key of a task above`)]
      : []),
    ...after.flatMap((input, place) =>
      keys.includes(input)
        ? []
        : [
            document.problem(
              [...at(index), 'after', place],
              `${quote(input)} is no task of this backlog${didYouMean(input, keys)}`,
            ),
          ],
    ),
  ]);
  const cycle = cycleIn(backlog);
  if (cycle === undefined) return problems;
  const first = keys.indexOf(cycle[0] ?? '');
  return [
    ...problems,
    document.problem([...at(first), 'after'], `these tasks wait for each other: ${cycle.join(' -> ')}`),
  ];
}

/** Outages that strike at no instant. */
function shutWindows({ faults }: Scenario, document: OrgDocument): Problem[] {
  return faults.flatMap(({ quota, provider }, index) => {
    const window = quota ?? provider;
    if (window === undefined || window.from < window.until) return [];
    const keys = ['faults', index, quota ? 'quota' : 'provider', 'until'];
    return [document.problem(keys, 'is not after `from`: it would never strike')];
  });
}

/** Expectations about subjects that nothing is ever published on: `count: 0` would pass whatever happens. */
function silence({ then }: ScenarioFile, document: OrgDocument): Problem[] {
  const known = subjectTable.map(({ subject }) => subject);
  return then.messages.flatMap(({ on }, index) =>
    isEverSpokenOn(on)
      ? []
      : [
          document.problem(
            ['then', 'messages', index, 'on'],
            `${quote(on)} matches no subject of a company${didYouMean(on, known)}`,
          ),
        ],
  );
}
