// The top of the company: a mission becomes a directive, and when a directive has ended with goals left open, another one.

import { StaleWrite } from '../../bus/errors.ts';
import type { DataOf, Message } from '../../bus/messages.ts';
import { subjects } from '../../bus/subjects.ts';
import type { JobWork, StandingDuty, Work } from '../duty.ts';
import { slugOf } from './failing.ts';
import { research } from './research.ts';

/** Directives for one mission before it takes a person to say what changes. */
const MOST_DIRECTIVES = 5;

type Look = Pick<Work, 'board' | 'company'>;

/** The mission that needs a directive now; undefined when there is nothing to do. */
function waitingMission({ board, company }: Look, message: Message): string | undefined {
  const brain = company.get();
  // A mission just told may not have reached this process's copy of the brain.
  const mission = message.type === 'brain.mission' ? message.data.text : brain.mission;
  if (mission === undefined) return undefined;
  const issued = [...board.state.directives.values()].filter((one) => one.mission === mission);
  if (issued.length === 0) return mission;
  const ended = issued.every((one) => !board.state.unsummed.has(one.id));
  const open = issued.some((one) => one.goals.some((goal) => brain.goals[goal.id]?.status === 'open'));
  return ended && open && issued.length < MOST_DIRECTIVES ? mission : undefined;
}

type Start = { readonly id: string; readonly seq: number };

/** The next directive's id, and the last message it is written after. */
async function start(work: JobWork, mission: string): Promise<Start | null> {
  const last = await work.bus.last(subjects.directives);
  const data = last?.message.type === 'directive.issued' ? last.message.data : undefined;
  const known = data === undefined || work.board.state.directives.has(data.id);
  // Somebody issued it a moment ago.
  if (!known && data?.mission === mission) return null;
  const numbers = [...work.board.state.directives.keys(), data?.id ?? ''].map((id) =>
    Number(/^D(\d+)$/.exec(id)?.[1] ?? 0),
  );
  return { id: `D${Math.max(0, ...numbers) + 1}`, seq: last?.seq ?? 0 };
}

async function run(work: JobWork): Promise<void> {
  const mission = waitingMission(work, work.message);
  if (mission === undefined) return;
  const begun = await work.step('start', () => start(work, mission));
  if (begun === null) return;
  const answer = await work.think('strategy', [...sectionsFor(work, mission), ...(await research(work, mission))]);
  const goals = answer.goals.map(({ id, text }) => ({ id: slugOf(id), text }));
  const product = productOf(work);
  const directive: DataOf<'directive.issued'> = {
    id: begun.id,
    mission,
    ...(product === undefined ? {} : { product }),
    directive: answer.directive,
    goals,
    priorities: [...answer.priorities],
    deadline: work.turn.now() + answer.deadlineHours * 3_600_000,
    ...(work.taint.length > 0 && { taint: [...work.taint] }),
  };
  for (const goal of goals) {
    await work.publish<'brain.goal'>(subjects.brain('goal'), {
      id: `goal.${goal.id}.${begun.id}.open`,
      type: 'brain.goal',
      data: goal,
    });
  }
  await issue(work, directive, begun.seq);
}

async function issue(work: JobWork, directive: DataOf<'directive.issued'>, seq: number): Promise<void> {
  const draft = {
    id: `directive.${directive.id}`,
    type: 'directive.issued' as const,
    source: work.agent,
    data: directive,
    correlationid: directive.id,
    causationid: work.message.id,
  };
  try {
    await work.bus.publish<'directive.issued'>(subjects.directives, draft, { expectedLastSeq: seq });
  } catch (error) {
    // Another one went first; the next tick sees whether this one is still needed.
    if (!(error instanceof StaleWrite)) throw error;
  }
}

function productOf({ org, company }: Pick<Work, 'org' | 'company'>): string | undefined {
  const named = company.get().product?.slug;
  return org.products.some((one) => one.slug === named) ? named : org.products[0]?.slug;
}

function sectionsFor(work: JobWork, mission: string) {
  const { goals, metrics } = work.company.get();
  const { directives, summed } = work.board.state;
  return [
    { name: 'The mission', text: mission },
    {
      name: 'Goals so far',
      text: Object.values(goals)
        .map((goal) => `- ${goal.text} (${goal.status})`)
        .join('\n'),
    },
    {
      name: 'Directives so far',
      text: [...directives.values()]
        .map((one) => `- ${summed.get(one.id)?.summary ?? `${one.id}: under way`}. ${one.directive}`)
        .join('\n'),
    },
    {
      name: 'Numbers',
      text: Object.entries(metrics)
        .map(([name, value]) => `- ${name}: ${value}`)
        .join('\n'),
    },
  ];
}

/** Sets goals and priorities from the mission; at rest it asks no model. */
export const strategy: StandingDuty = {
  kind: 'standing',
  thinks: true,
  name: 'strategy',
  filters: ['brain.mission'],
  types: ['brain.mission', 'clock.ticked'],
  wants: (look, message) => waitingMission(look, message) !== undefined,
  run,
};
