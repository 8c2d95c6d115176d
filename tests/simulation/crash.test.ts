import { describe, expect, test } from 'vitest';
import { ModelFailure, type Question } from '../../brain/models/model.ts';
import { PlannedTask } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { gitIn, scratch } from '../../tools/fixture.ts';
import type { Fate } from './mortal.ts';
import { unsound } from './sound.ts';
import { Calls, createWorld, give, live, orgOf, productDir, START, type World } from './world.ts';

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
    return {
      tasks: [
        { key: 'one', title: 'One', ...part },
        { key: 'two', title: 'Two', after: ['one'], ...part },
      ],
    };
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
    data: {
      id: 'D1',
      mission: 'm',
      directive: 'd',
      goals: [{ id: 'g', text: 'g' }],
      priorities: [],
      deadline: START + 72 * HOUR,
    },
  });
  return world;
}

const file = (name: string, text: string) => ({
  summary: `writes ${name}`,
  files: [{ path: name, content: `${text}\n` }],
});

/** Two pieces of code in a real repository; the first draft of the second one is rejected. */
async function code(): Promise<World> {
  const script: World['script'] = ({ purpose, about, attempt }) => {
    if (purpose === 'write') return file(`${about.slice(3)}.txt`, `attempt ${attempt}`);
    return {
      verdict: about === 'B1.second' && attempt === 1 && !rejected.has(about) ? reject(about) : 'approve',
      notes: ['seen'],
    };
  };
  const rejected = new Set<string>();
  const reject = (about: string) => {
    rejected.add(about);
    return 'reject';
  };
  const world = createWorld({ org: orgOf(shop + people('write-code')), script, dir: scratch() });
  const tasks = ['first', 'second'].map((key) => ({ key, title: `The ${key} file`, role: 'worker', type: 'code' }));
  await give(world, subjects.directives, {
    id: 'backlog.1',
    type: 'backlog.given',
    data: { id: 'B1', product: 'shop', tasks: tasks.map((task) => PlannedTask.parse(task)) },
  });
  return world;
}

/** A tool loop that looks, writes, tests and hands in; another one that hands on what is half done. */
async function loops(): Promise<World> {
  const write = (path: string, content: string) => ['write_file', { path, content }] as const;
  const finish = (report: object) => ['finish', { summary: 'seen to', ...report }] as const;
  const partial = { status: 'partial', blocker: 'missing_context', nextStep: 'the other half' };
  const script: World['script'] = ({ purpose, about, rounds }) => {
    if (purpose !== 'work') return { verdict: 'approve', notes: [] };
    const name = about.slice(3).replaceAll('.', '-');
    const turns = [
      new Calls(['list_files', {}], write(`${name}.txt`, 'one\n'), ['run_tests', {}]),
      new Calls(['edit_file', { path: `${name}.txt`, old: 'one', new: 'two' }], ['ask_knowledge', { question: 'two' }]),
      new Calls(finish(about === 'B1.second' ? partial : { status: 'complete' })),
    ];
    return turns[rounds.length];
  };
  const org = orgOf(shop + people('write-code').replace('worker: { ', 'worker: { engine: loop, '));
  const world = createWorld({ org, script, dir: scratch() });
  const tasks = ['first', 'second'].map((key) => ({ key, title: `The ${key} file`, role: 'worker', type: 'code' }));
  await give(world, subjects.directives, {
    id: 'backlog.1',
    type: 'backlog.given',
    data: { id: 'B1', product: 'shop', tasks: tasks.map((task) => PlannedTask.parse(task)) },
  });
  return world;
}

/** One piece of work goes wrong the first time it is asked for, whoever asks. */
async function flaky(): Promise<World> {
  let asked = 0;
  const script: World['script'] = ({ about }) => {
    if (about === 'B1.flaky') asked += 1;
    if (about === 'B1.flaky' && asked === 1)
      throw new ModelFailure({ kind: 'environment', reason: 'the line was cut' });
    return { summary: `${about} done`, advice: `answer ${asked}` };
  };
  const world = createWorld({ org: orgOf(people('advise')), script });
  const tasks = ['flaky', 'plain'].map((key) => PlannedTask.parse({ key, title: key, role: 'worker', type: 'advice' }));
  await give(world, subjects.directives, { id: 'backlog.1', type: 'backlog.given', data: { id: 'B1', tasks } });
  return world;
}

/** Plays one story; what went wrong, with how to play it again. */
async function played(story: Story, lives: readonly (readonly Fate[])[], restMs = 60_000): Promise<readonly string[]> {
  const world = await story();
  const wrong: string[] = [];
  for (const last of lives) {
    const { how } = await live(world, ...last);
    if (how === 'stuck') wrong.push('stuck');
    if (how !== 'died') break;
    world.now += restMs;
  }
  wrong.push(...unsound(world), ...landedTwice(world));
  return wrong.length === 0
    ? []
    : [`${story.name}, lives ${JSON.stringify(lives)}, rest ${restMs}: ${wrong.join('; ')}`];
}

type Story = () => Promise<World>;

function landedTwice(world: World): readonly string[] {
  if (world.dir === undefined) return [];
  const log = gitIn(productDir(world, 'shop'), 'log', '--format=%(trailers:key=Task,valueonly,separator=%x2C)');
  const tasks = log.split('\n').filter((line) => line !== '');
  return tasks.length === new Set(tasks).size ? [] : [`on the branch twice: ${tasks.join(', ')}`];
}

/** What may happen at a call, and how the company goes on. */
const ways: readonly ((call: number) => Parameters<typeof played>)[] = [
  (call) => [advice, [[{ dies: call }], [{}]]],
  // Longer than the stream remembers ids.
  (call) => [advice, [[{ dies: call }], [{}]], 2 * HOUR],
  // A second process is there, and takes over.
  (call) => [advice, [[{ dies: call }, {}]]],
];

/** Repeatable chance: mulberry32. */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `all` plays every way at every call: minutes instead of seconds. */
const all = process.env.HEADCOUNT_SIMULATION === 'all';

describe('a process may die at any call', () => {
  test('nobody dies, and the story ends', async () => {
    for (const story of [advice, flaky]) expect(await played(story, [[{}]])).toEqual([]);
  });

  test('advice: what was recorded stands, what was not is done once', async () => {
    const { calls } = await live(await advice());
    const wrong: string[] = [];
    for (let call = 1; call <= calls; call += all ? 1 : 3) {
      const chosen = all ? ways : ways.slice(call % ways.length).slice(0, 1);
      for (const way of chosen) wrong.push(...(await played(...way(call))));
    }
    expect(wrong).toEqual([]);
  });

  test('advice: several deaths in a row', async () => {
    const wrong: string[] = [];
    for (let seed = 1; seed <= (all ? 1_000 : 25); seed += 1) {
      const chance = chanceOf(seed);
      const lives = Array.from({ length: 4 }, () => [{ dies: 1 + Math.floor(chance() * 160) }]);
      wrong.push(...(await played(advice, [...lives, [{}]], Math.floor(chance() * 3 * HOUR))));
    }
    expect(wrong).toEqual([]);
  });

  test('it hangs instead, and is late when it goes on: whoever took over keeps the work', async () => {
    const { calls } = await live(await flaky());
    const wrong: string[] = [];
    for (let call = 1; call <= calls; call += 1) wrong.push(...(await played(flaky, [[{ hangs: call }, {}]])));
    if (all) {
      const more = await live(await advice());
      for (let call = 1; call <= more.calls; call += 1) wrong.push(...(await played(advice, [[{ hangs: call }, {}]])));
    }
    expect(wrong).toEqual([]);
  });

  test('loops: no turn is paid for twice, partial work is handed on once, every change is merged once', async () => {
    const world = await loops();
    const { calls } = await live(world);
    expect(unsound(world)).toEqual([]);
    expect(gitIn(productDir(world, 'shop'), 'ls-tree', '--name-only', 'main').split('\n')).toEqual(
      expect.arrayContaining(['first.txt', 'second.txt', 'second-go-on-1.txt']),
    );
    const wrong: string[] = [];
    for (let call = all ? 1 : 40; call <= calls; call += all ? 1 : Math.ceil(calls / 5)) {
      wrong.push(...(await played(loops, [[{ dies: call }], [{}]], 2 * HOUR)));
    }
    expect(wrong).toEqual([]);
  });

  test('code: every change is merged once', async () => {
    const world = await code();
    const { calls } = await live(world);
    expect(unsound(world)).toEqual([]);
    const wrong: string[] = [];
    for (let call = all ? 1 : 60; call <= calls; call += all ? 1 : Math.ceil(calls / 4)) {
      wrong.push(...(await played(code, [[{ dies: call }], [{}]], 2 * HOUR)));
    }
    expect(wrong).toEqual([]);
  });
});
