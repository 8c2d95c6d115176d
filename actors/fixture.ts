// What the tests of the actors share: a company on the memory bus whose time stands still whenever what a test waits for
// has come about.

import { createFileKnowledge } from '../brain/knowledge/files.ts';
import type { Passage } from '../brain/knowledge/passage.ts';
import { plainAnswer, type Question } from '../brain/models/model.ts';
import type { Stored } from '../bus/bus.ts';
import { signed, type Unsigned } from '../bus/drafts.ts';
import type { MemoryStream } from '../bus/memory/stream.ts';
import { MemoryBus } from '../bus/memory.ts';
import type { Message } from '../bus/messages.ts';
import { PlannedTask, type Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { loadOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { Company } from './company.ts';
import { duties, dutyFacts } from './duties/registry.ts';
import type { Duty } from './duty.ts';
import { noTools } from './fakes.ts';
import { openMoney } from './money/desk.ts';
import type { Ports } from './ports.ts';
import { follow, type Projections } from './projections.ts';

export const START = Date.UTC(2026, 0, 5, 8);
export const MINUTE = 60_000;

/** Two advisers, somebody who staffs the company, and whoever else is listed under the head of the company, in YAML. */
export function orgOf(more = '', retry = '{ waits: 2 }', advisers = 2): Org {
  const text = `
company: acme
sandbox: none
retry: ${retry}
reports:
  cto:
    duties: [decompose]
    reports:
      worker: { duties: [advise], instances: ${advisers} }
      hr: { duties: [staff] }
${more.replace(/^/gm, '      ')}
`;
  return loadOrg({ text, file: 'org.yaml', readPrompt: () => 'You work here.' }, { duties: dutyFacts() });
}

/** What the model says, as JSON unless it is text. Unless told, work succeeds and HR gives up. */
export type Script = (question: Question, now: number) => unknown;

export const good = { summary: 'done', advice: 'do it well' };

const usual: Script = ({ purpose }) => (purpose === 'staff' ? { action: 'abandon', reason: 'no use' } : good);

export type Options = {
  readonly org?: Org;
  readonly script?: Script;
  readonly documents?: readonly Passage[];
  readonly duties?: readonly Duty[];
  readonly atStep?: Ports['atStep'];
  /** The model is one that converses: what it is sent is kept. */
  readonly converses?: true;
  /** Where the secrets are. */
  readonly env?: Readonly<Record<string, string>>;
  readonly reach?: Ports['reach'];
  /** How many companies share the bus, each as a process of its own. */
  readonly processes?: number;
  readonly stream?: MemoryStream;
  readonly at?: number;
  /** How long the stream knows an id, ms; for ever unless told. */
  readonly dedupeWindowMs?: number;
};

export type Running = {
  readonly bus: MemoryBus;
  readonly clock: VirtualClock;
  readonly company: Company;
  readonly companies: readonly Company[];
  readonly seen: Projections;
  readonly asked: readonly Question[];
  readonly log: readonly string[];
  /** One more process of the company, not started. */
  another(): Company;
  /** The org chart in force; changed by `changeOrg`. */
  org(): Org;
  changeOrg(after: Org): Promise<void>;
  tell(subject: string, draft: Unsigned): Promise<void>;
  /** Files tasks for the advisers, by their keys; they are T1, T2, ... */
  order(...tasks: readonly (string | (Partial<PlannedTask> & { key: string }))[]): Promise<void>;
  /** Lets time pass until this holds and nothing is outstanding. */
  until(what: () => boolean): Promise<void>;
  /** Until every task has ended and every mailbox is empty. */
  untilDone(): Promise<void>;
  task(id: string): Task;
  /** Messages of a type, oldest first. */
  of<T extends Message['type']>(type: T): readonly Message<T>[];
  state(agent: string): string | undefined;
};

/** Longest that a test may wait, ms of company time. */
const LONGEST_MS = 40 * 24 * 3_600_000;

/** Starts a company. */
export async function startCompany(options: Options = {}): Promise<Running> {
  const { script = usual, documents = [], processes = 1, at = START } = options;
  let org = options.org ?? orgOf();
  let wanted: { holds: () => boolean; resolve: () => void; reject: (error: Error) => void } | undefined;
  const clock = new VirtualClock({
    start: at,
    serial: true,
    onIdle() {
      if (wanted?.holds()) wanted.resolve();
      else if (wanted && clock.now() > at + LONGEST_MS) wanted.reject(new Error('it never came about'));
      else return wanted === undefined;
      wanted = undefined;
      return true;
    },
  });
  const log: string[] = [];
  const bus = new MemoryBus('acme', clock, {
    log: (line) => log.push(line),
    ...(options.stream ? { stream: options.stream } : {}),
    ...(options.dedupeWindowMs === undefined ? {} : { dedupeWindowMs: options.dedupeWindowMs }),
  });
  const asked: Question[] = [];
  const seen = await follow(bus);
  const say: Ports['log'] = (level, line) => log.push(`${level} ${line}`);
  const ports: Ports = {
    bus,
    clock,
    money: openMoney({ bus, clock, org: () => org, board: seen.board, log: say }),
    model: {
      ...(options.converses ? { converses: true } : {}),
      async think(question, signal) {
        asked.push(question);
        await clock.sleepUntil(clock.now() + MINUTE, signal);
        const said = script(question, clock.now());
        const text = typeof said === 'string' ? said : JSON.stringify(said);
        return plainAnswer(text, { model: 'script', inputTokens: 10, outputTokens: 10, cost: 1 });
      },
      quote: () => 1,
    },
    tools: noTools,
    secrets: createSecrets(options.env ?? {}),
    knowledge: createFileKnowledge(documents),
    duties: new Map([...duties, ...(options.duties ?? []).map((duty) => [duty.name, duty] as const)]),
    org: () => org,
    board: seen.board,
    company: seen.company,
    episodes: seen.episodes,
    log: say,
    atStep: options.atStep,
    reach: options.reach,
  };
  const companies = Array.from({ length: processes }, () => new Company({ ports }));
  for (const company of companies) await clock.turn(() => company.start());
  const [company] = companies;
  if (!company) throw new Error('no process');

  /** Time always has somewhere to go, so that the clock asks whether it has come about. */
  async function pulse(): Promise<void> {
    const mine = wanted;
    while (wanted && wanted === mine) await clock.sleepUntil(clock.now() + 10 * MINUTE);
  }

  const messages = () => bus.stream.messages;
  const running: Running = {
    bus,
    clock,
    company,
    companies,
    seen,
    asked,
    log,
    another: () => new Company({ ports }),
    org: () => org,
    async changeOrg(after) {
      const before = org;
      org = after;
      await Promise.all(companies.map((one) => one.follow(before, after)));
    },
    async tell(subject, draft) {
      await bus.publish(subject, signed({ source: 'operator' }, draft));
    },
    async order(...given) {
      const tasks = given.map((one) => {
        const { key, ...about } = typeof one === 'string' ? { key: one } : one;
        return PlannedTask.parse({ title: `Do ${key}`, role: 'worker', ...about, key });
      });
      const id = `B${messages().length}`;
      await running.tell(subjects.directives, { id: `backlog.${id}`, type: 'backlog.given', data: { id, tasks } });
      await running.until(() => tasks.every(({ key }) => seen.board.byKey(`${id}.${key}`) !== undefined));
    },
    until: (holds) =>
      new Promise((resolve, reject) => {
        wanted = { holds, resolve, reject };
        void pulse();
      }),
    untilDone: () =>
      running.until(
        () =>
          seen.board.open().length === 0 &&
          [...bus.stream.durables.values()].every(
            (durable) => durable.unsettled.size === 0 && durable.pending(bus.stream) === 0,
          ),
      ),
    task(id) {
      const task = seen.board.task(id);
      if (!task) throw new Error(`no task ${id}`);
      return task;
    },
    of: <T extends Message['type']>(type: T) =>
      messages().flatMap(({ message }: Stored) => (message.type === type ? [message as Message<T>] : [])),
    state: (agent) => seen.board.state.agents.get(agent)?.state,
  };
  return running;
}
