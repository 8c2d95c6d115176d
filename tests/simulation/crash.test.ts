import { describe, expect, test } from 'vitest';
import { ModelFailure, type Question } from '../../brain/models/model.ts';
import { subjects } from '../../bus/subjects.ts';
import { scratch } from '../../tools/fixture.ts';
import { unsound } from './sound.ts';
import { createWorld, give, live, orgOf, START, type World } from './world.ts';

const HOUR = 3_600_000;

const people = (duties: string) => `
company: acme
sandbox: none
retry: { backoff: { first: 10s, factor: 2, max: 1m }, waits: 3, depth: 1 }
reports:
  cto:
    duties: [decompose, digest]
    reports:
      worker: { duties: [${duties}], instances: 2 }
      knowledge: { duties: [answer] }
      qa: { duties: [review] }
      hr: { duties: [staff] }
`;
const shop = `
products:
  shop: { test: "true" }
`;

const plan = [
  { key: 'plain', title: 'Plain work' },
  { key: 'after', title: 'Work that needs the plain one', after: ['plain'] },
  { key: 'hard', title: 'Work that only its parts can do', estimateMinutes: 60 },
  { key: 'stuck', title: 'Work for somebody else' },
  { key: 'quota', title: 'Work while the provider is out' },
];

/** Every way the ladder knows, in one plan. */
function scripted({ purpose, about, attempt }: Question, now: number): unknown {
  if (purpose === 'decompose') return { tasks: plan.map((task) => ({ role: 'worker', type: 'advice', ...task })) };
  if (purpose === 'answer') return { known: true, answer: 'cut it in two', sources: [] };
  if (purpose === 'staff') return { action: 'reassign', role: 'worker', reason: 'fresh eyes' };
  if (purpose === 'split') {
    const part = { role: 'worker', type: 'advice' };
    return { tasks: [{ key: 'one', title: 'One', ...part }, { key: 'two', title: 'Two', after: ['one'], ...part }] };
  }
  if (about === 'D1.hard') return 'I cannot';
  if (about === 'D1.stuck' && attempt === 1) throw new ModelFailure({ kind: 'permanent', reason: 'not for me' });
  if (about === 'D1.quota' && now < START + HOUR) {
    throw new ModelFailure({ kind: 'quota', reason: 'out of quota', until: START + HOUR });
  }
  return { summary: `${about} done`, advice: 'as agreed' };
}

async function advice(): Promise<World> {
  const world = createWorld({ org: orgOf(people('advise')), script: scripted });
  await give(world, subjects.directives, {
    id: 'directive.D1',
    type: 'directive.issued',
    data: { id: 'D1', mission: 'm', directive: 'd', goals: [{ id: 'g', text: 'g' }], priorities: [], deadline: START + 72 * HOUR },
  });
  return world;
}


/** Plays one story; what went wrong, with how to play it again. */
async function played(name: string, open: () => Promise<World>, lives: readonly (readonly number[])[], pauseMs = 60_000) {
  const world = await open();
  const wrong: string[] = [];
  for (const last of lives) {
    const { how } = await live(world, ...last);
    if (how === 'stuck') wrong.push('stuck');
    if (how !== 'died') break;
    world.now += pauseMs;
  }
  wrong.push(...unsound(world));
  return wrong.length === 0 ? [] : [`${name} ${JSON.stringify(lives)}: ${wrong.join('; ')}`];
}

const forever = Number.POSITIVE_INFINITY;

describe('a company of advisers', () => {
  test('without crashes', async () => {
    const world = await advice();
    expect({ how: (await live(world)).how, wrong: unsound(world) }).toEqual({ how: 'over', wrong: [] });
  });

  test('killed', async () => {
    const calls = 361;
    const wrong: string[] = [];
    const began = Date.now();
    for (let k = 1; k <= calls; k += 1) wrong.push(...await played('restart', advice, [[k], [forever]]));
    console.log('restart', Date.now() - began, wrong.length, wrong.slice(0, 12));
    const late: string[] = [];
    for (let k = 1; k <= calls; k += 1) late.push(...await played('late', advice, [[k], [forever]], 2 * HOUR));
    console.log('late', Date.now() - began, late.length, late.slice(0, 12));
    const two: string[] = [];
    for (let k = 1; k <= calls; k += 1) two.push(...await played('two', advice, [[k, forever]]));
    console.log('two', Date.now() - began, two.length, two.slice(0, 12));
  });
});
