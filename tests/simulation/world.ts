// Whole companies in memory: a stream that outlives its processes, virtual time, real git where a task writes code. A
// process is a life: it works until everything has ended, or until the call at which it dies.

import { join } from 'node:path';
import { isOpen } from '../../actors/board.ts';
import { Company } from '../../actors/company.ts';
import { duties, dutyFacts } from '../../actors/duties/registry.ts';
import { noTools } from '../../actors/fakes.ts';
import { openMoney } from '../../actors/money/desk.ts';
import type { Ports } from '../../actors/ports.ts';
import { follow } from '../../actors/projections.ts';
import { createFileKnowledge } from '../../brain/knowledge/files.ts';
import type { Passage } from '../../brain/knowledge/passage.ts';
import { type Answer, type Model, plainAnswer, type Question } from '../../brain/models/model.ts';
import type { Bus } from '../../bus/bus.ts';
import { signed, type Unsigned } from '../../bus/drafts.ts';
import { MemoryStream } from '../../bus/memory/stream.ts';
import { MemoryBus } from '../../bus/memory.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { loadOrg } from '../../org/load.ts';
import type { Org } from '../../org/org.ts';
import { plainSandbox, productsIn } from '../../tools/fixture.ts';
import { openLocalForge } from '../../tools/forge/local.ts';
import { createSecrets } from '../../tools/policy/secrets.ts';
import type { Tools } from '../../tools/tools.ts';
import { type Fate, Mortal, mortalBus, mortalModel, mortalTools } from './mortal.ts';

export const START = Date.UTC(2026, 0, 5, 8);
const MINUTE = 60_000;
/** As on a real stream (bus/jetstream/stream.ts). */
const DEDUPE_MS = 60 * MINUTE;
/** A company that is still at it after this long is stuck. */
const STUCK_MS = 30 * 24 * 60 * MINUTE;

export function orgOf(text: string): Org {
  return loadOrg({ text, file: 'org.yaml', readPrompt: () => 'You work here.' }, { duties: dutyFacts() });
}

/** What the model says; it may throw a ModelFailure. A value that is no text is sent as JSON. */
export type Script = (question: Question, now: number) => unknown;

/** What a model calls in a turn of a tool loop. */
export class Calls {
  readonly #calls: readonly (readonly [name: string, input: unknown])[];
  constructor(...calls: readonly (readonly [string, unknown])[]) {
    this.#calls = calls;
  }
  answer(round: number): Answer {
    const calls = this.#calls.map(([name, input], index) => ({ id: `${round}.${index}`, name, input }));
    return { ...plainAnswer('', { model: 'script', inputTokens: 100, outputTokens: 10, cost: 0.01 }), calls };
  }
}

export type Asked = { readonly id: string; readonly seq: number; readonly prompt: string };

export type World = {
  readonly org: Org;
  readonly script: Script;
  readonly documents: readonly Passage[];
  /** Where products and clones are; without one there is no git. */
  readonly dir: string | undefined;
  readonly stream: MemoryStream;
  readonly asked: Asked[];
  readonly log: string[];
  now: number;
  deaths: number;
  hangs: number;
};

export function createWorld(parts: Pick<World, 'org' | 'script'> & Partial<Pick<World, 'documents' | 'dir'>>): World {
  const { org, script, documents = [], dir } = parts;
  return {
    org,
    script,
    documents,
    dir,
    stream: new MemoryStream(),
    asked: [],
    log: [],
    now: START,
    deaths: 0,
    hangs: 0,
  };
}

export function give(world: World, subject: string, draft: Unsigned): Promise<unknown> {
  const bus = new MemoryBus('acme', new VirtualClock({ start: world.now }), { stream: world.stream });
  return bus.publish(subject, signed({ source: 'operator' }, draft));
}

const sandbox = await plainSandbox();

function modelOf(world: World, clock: VirtualClock): Model {
  return {
    async think(question, signal) {
      world.asked.push({ id: question.id, seq: world.stream.lastSeq, prompt: question.prompt });
      await clock.sleepUntil(clock.now() + MINUTE, signal);
      const said = world.script(question, clock.now());
      if (said instanceof Calls) return said.answer(question.rounds.length);
      const text = typeof said === 'string' ? said : JSON.stringify(said);
      return plainAnswer(text, { model: 'script', inputTokens: 100, outputTokens: 10, cost: 0.01 });
    },
    quote: () => 0.01,
  };
}

function isOver(stream: MemoryStream, openTasks: number): boolean {
  return (
    openTasks === 0 &&
    [...stream.durables.values()].every((durable) => durable.unsettled.size === 0 && durable.pending(stream) === 0)
  );
}

/** Time always has somewhere to go, so that the clock asks whether everything is over. */
async function pulse(clock: VirtualClock, over: () => boolean): Promise<void> {
  while (!over()) await clock.sleepUntil(clock.now() + 10 * MINUTE);
}

export type Life = { readonly how: 'over' | 'died' | 'stuck'; readonly calls: number };

/**
 * One process after another, or several at once, until everything has ended.
 * @param fates of each process, all at work at once; one that lives when none is given
 */
export async function live(world: World, ...fates: readonly Fate[]): Promise<Life> {
  let finish = (_: Life['how']) => {};
  const finished = new Promise<Life['how']>((resolve) => {
    finish = resolve;
  });
  const lives: Mortal[] = [];
  let over = false;
  const end = (how: Life['how']) => {
    over = true;
    finish(how);
  };
  let openTasks = () => 0;
  const clock = new VirtualClock({
    start: world.now,
    serial: true,
    onIdle: () => {
      if (!over && !lives.some(({ hangs }) => hangs) && isOver(world.stream, openTasks())) end('over');
      if (!over && clock.now() > world.now + STUCK_MS) end('stuck');
      return over;
    },
  });
  void pulse(clock, () => over);
  const bus = new MemoryBus('acme', clock, {
    stream: world.stream,
    dedupeWindowMs: DEDUPE_MS,
    log: (line) => world.log.push(line),
  });
  const companies: Company[] = [];
  for (const fate of fates.length === 0 ? [{}] : fates) {
    const life = new Mortal(fate, clock, () => {
      if (life.dead) world.deaths += 1;
      else world.hangs += 1;
      if (lives.every(({ dead }) => dead)) {
        void bus.close();
        end('died');
      }
    });
    lives.push(life);
    const raw = mortalBus(bus, life);
    const seen = await follow(bus);
    openTasks = () => seen.board.tasks().filter(isOpen).length;
    const own = life.clock();
    const log: Ports['log'] = (level, line) => world.log.push(`${level} ${line}`);
    companies.push(
      new Company({
        ports: {
          bus: raw,
          clock: own,
          money: openMoney({ bus: raw, clock: own, org: () => world.org, board: seen.board, log }),
          model: mortalModel(modelOf(world, clock), life),
          tools: world.dir === undefined ? noTools : mortalTools(realTools(world.dir, raw), life),
          secrets: createSecrets({}),
          knowledge: createFileKnowledge(world.documents),
          duties,
          org: () => world.org,
          board: seen.board,
          company: seen.company,
          episodes: seen.episodes,
          log,
        },
      }),
    );
  }
  for (const [index, company] of companies.entries()) {
    const turn = lives[index]?.clock().turn(() => company.start());
    turn?.catch(() => {});
  }
  const how = await finished;
  for (const life of lives) life.spare();
  // A call into git that was under way ends by itself, as a child process does.
  while (lives.some(({ inside }) => inside > 0 && how === 'died'))
    await new Promise((resolve) => setImmediate(resolve));
  world.now = clock.now();
  if (how === 'over')
    for (const [index, company] of companies.entries())
      if (!lives[index]?.dead) await company.drain('over').catch(() => {});
  await bus.close();
  return { how, calls: Math.max(...lives.map(({ calls }) => calls)) };
}

function realTools(dir: string, bus: Bus): Tools {
  const products = productsIn(dir, sandbox);
  return { ...noTools, products, forge: openLocalForge({ bus, products }) };
}

export const productDir = (world: World, slug: string) => join(world.dir ?? '', 'products', slug);
