// What the tests of duties share: a company on the memory bus with real journals, and answers that are written down.

import { type AnswerTo, parseAnswer } from '../../brain/answers.ts';
import { buildBrief } from '../../brain/brief.ts';
import { createFileKnowledge } from '../../brain/knowledge/files.ts';
import type { Passage } from '../../brain/knowledge/passage.ts';
import type { Exchange, Purpose, ToolResult } from '../../brain/models/model.ts';
import type { Bus, Stored } from '../../bus/bus.ts';
import { signed, type Unsigned } from '../../bus/drafts.ts';
import { MemoryBus } from '../../bus/memory.ts';
import type { Message } from '../../bus/messages.ts';
import type { Refusal } from '../../bus/policy.ts';
import type { PlannedTask, Product, Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { enginesOf } from '../../org/engines.ts';
import { memoryOf, milestonesOf, staffingOf, standingOf } from '../../org/learning.ts';
import { modelsOf } from '../../org/models.ts';
import type { Org, Role } from '../../org/org.ts';
import { decide } from '../../tools/policy/gate.ts';
import { createSecrets } from '../../tools/policy/secrets.ts';
import type { Tools } from '../../tools/tools.ts';
import { type JobWork, type StandingDuty, type TaskWork, type Work, WorkFailure } from '../duty.ts';
import { noTools } from '../fakes.ts';
import { jobId } from '../job-id.ts';
import { JobJournal, TaskJournal } from '../journal.ts';
import { standingNow } from '../learned.ts';
import { publishOnce } from '../once.ts';
import { follow, type Projections } from '../projections.ts';
import { keepPrompt } from '../prompts.ts';
import { taskIn } from '../release.ts';
import { type Said, turnName } from '../thinking.ts';

export const START = Date.UTC(2026, 0, 5, 8);

function role(name: string, boss: string | undefined, duties: readonly string[], instances = 1): Role {
  return {
    name,
    title: name,
    boss,
    reports: [],
    tier: 'light',
    duties,
    schedule: {},
    engine: {},
    instances,
    prompt: '',
    policy: {
      ladder: ['standard', 'escalate'],
      backoff: { firstMs: 1_000, factor: 2, maxMs: 60_000 },
      waits: 2,
      depth: 1,
      stepMs: 1_800_000,
      lineage: { attempts: 10, cost: 10, ms: 86_400_000 },
    },
    budget: {},
    team: {},
  };
}

export function orgWith(products: readonly Product[] = []): Org {
  return {
    company: 'acme',
    title: 'Acme',
    mission: undefined,
    person: 'founder',
    products,
    sandbox: 'none',
    engines: enginesOf(),
    models: modelsOf(),
    budget: { warn: 0.8 },
    reward: { weights: { qa: 0.3, time: 0.2, regressions: 0.2, quality: 0.15, attempts: 0.15 }, bands: [] },
    standing: standingOf(),
    memory: memoryOf(),
    staffing: staffingOf(),
    milestones: milestonesOf(['first-deployment']),
    roles: [
      role('ceo', undefined, ['strategy']),
      role('cto', 'ceo', ['decompose', 'remediate', 'digest', 'review']),
      role('backend', 'cto', ['write-code', 'advise'], 2),
      role('fullstack', 'cto', ['write-code']),
      role('devops', 'cto', ['operate']),
      role('qa', 'cto', ['assure', 'review']),
      role('marketing', 'ceo', ['write-documents']),
      role('hr', 'ceo', ['staff']),
      role('finance', 'ceo', ['account']),
    ],
  };
}

/** A planned task with what a plan need not say. */
export function planned(key: string, about: Partial<PlannedTask> = {}): PlannedTask {
  const rest = { title: `Do ${key}`, description: '', acceptance: [], role: 'backend', estimateMinutes: 30 };
  return { key, ...rest, priority: 'normal', after: [], ...about };
}

export type Office = {
  readonly bus: MemoryBus;
  readonly clock: VirtualClock;
  readonly org: Org;
  readonly seen: Projections;
  /** Answers by purpose, taken in order; what was asked is counted. */
  readonly answers: Partial<Record<Purpose, unknown[]>>;
  readonly asked: Purpose[];
  /** What the model was told of its calls, in order. */
  readonly results: readonly ToolResult[];
  /** What guards refused, in order. */
  readonly refusals: readonly Refusal[];
  tell(subject: string, draft: Unsigned): Promise<void>;
  taskWork(id: string, agent: string): Promise<TaskWork>;
  jobWork(message: Message, agent: string): Promise<JobWork>;
  /** Publishes nothing and runs a standing duty on a message; false when the duty does not want it. */
  run(duty: StandingDuty, message: Message, agent: string): Promise<boolean>;
  task(id: string): Promise<Task>;
  /** Messages on matching subjects. */
  on(filter: string): Promise<readonly Stored[]>;
};

export async function openOffice(
  options: {
    org?: Org;
    tools?: Tools | ((bus: MemoryBus) => Tools);
    documents?: readonly Passage[];
    /** How long the stream knows the ids of messages, ms; for ever unless told. */
    dedupeWindowMs?: number;
    /** Where the secrets are. */
    env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Office> {
  const clock = new VirtualClock({ start: START });
  const { dedupeWindowMs = Number.POSITIVE_INFINITY } = options;
  const bus = new MemoryBus('acme', clock, { dedupeWindowMs });
  const org = options.org ?? orgWith();
  const seen = await follow(bus);
  const tools = typeof options.tools === 'function' ? options.tools(bus) : (options.tools ?? noTools);
  const answers: Office['answers'] = {};
  const asked: Purpose[] = [];
  const results: ToolResult[] = [];
  const refusals: Refusal[] = [];
  const secrets = createSecrets(options.env ?? {});
  const knowledge = createFileKnowledge(options.documents ?? []);

  function roleOf(agent: string): Role {
    const found = org.roles.find((one) => one.name === agent.replace(/-\d+$/, ''));
    if (!found) throw new Error(`no role for ${agent}`);
    return found;
  }

  /** The next turn of a loop: text, or the calls of one round. */
  function turnOf(rounds: readonly Exchange[]): Said {
    asked.push('work');
    results.push(...(rounds.at(-1)?.results ?? []));
    const next = answers.work?.shift();
    if (next === undefined) throw new Error('no turn left');
    const calls = Array.isArray(next) ? (next as [string, unknown][]) : [];
    return {
      text: typeof next === 'string' ? next : '',
      calls: calls.map(([name, input], index) => ({ id: `${rounds.length + 1}.${index + 1}`, name, input })),
      said: next,
      cost: 0.1,
      ms: 60_000,
    };
  }

  function nextAnswer<P extends Purpose>(
    purpose: P,
    refuse?: (answer: AnswerTo<P>) => string | undefined,
  ): AnswerTo<P> {
    asked.push(purpose);
    const next = answers[purpose]?.shift();
    if (next === undefined) throw new Error(`no answer left for ${purpose}`);
    const parsed = parseAnswer(purpose, JSON.stringify(next));
    if (!parsed.ok) throw new Error(parsed.reason);
    const wrong = refuse?.(parsed.answer);
    if (wrong !== undefined) throw new WorkFailure({ kind: 'contract', reason: wrong });
    return parsed.answer;
  }

  function work(agent: string, journal: TaskJournal | JobJournal, message: Message | undefined): Work {
    const taint: string[] = 'task' in journal ? [...(journal.task.taint ?? [])] : [];
    return {
      agent,
      role: roleOf(agent),
      org,
      turn: clock,
      signal: new AbortController().signal,
      bus,
      tools,
      secrets,
      knowledge,
      board: seen.board,
      company: seen.company,
      taint,
      tainted(sources = []) {
        taint.push(...sources);
        if ('task' in journal) journal.note({ taint });
      },
      decide: async (call, allowedBy) => decide({ role: roleOf(agent), taint, allowedBy }, call),
      refused: async (refusal) => {
        refusals.push(refusal);
      },
      step: (name, run) => journal.step(name, async () => ({ result: await run() })),
      think: (purpose, _sections, refuse) =>
        journal.step(purpose, async () => ({ result: nextAnswer(purpose, refuse) })),
      conclude: (purpose, _sections, conclude, refuse) =>
        journal.step(purpose, async () => {
          const answer = nextAnswer(purpose, refuse);
          return { result: { answer, concluded: conclude(answer) } };
        }),
      pay: (bill, run) => journal.step(bill.name, run),
      keep: (sent) => keepPrompt({ bus, secrets, log: () => {} }, sent),
      brief: async (sections) => ({ system: '', prompt: buildBrief(sections).text, sizes: [] }),
      converse: async () => ({
        next: (rounds, afford) =>
          journal.step(turnName(rounds), async () => {
            afford(0.1);
            return { result: turnOf(rounds) };
          }),
      }),
      publish: async (subject, said, since) => {
        const draft = signed({ source: agent, causationid: message?.id }, said);
        if (since === undefined) await bus.publish(subject, draft);
        else await publishOnce(bus, subject, draft, since);
      },
    };
  }

  const office: Office = {
    bus,
    clock,
    org,
    seen,
    answers,
    asked,
    results,
    refusals,
    tell: async (subject, draft) => {
      await bus.publish(subject, signed({ source: 'operator' }, draft));
    },
    async taskWork(id, agent) {
      const journal = await TaskJournal.open(bus, agent, id);
      if (!journal) throw new Error(`no task ${id}`);
      if (journal.task.attempt === 0) {
        await journal.record('task.started', 'a1.w0.started', { status: 'working', attempt: 1, agent });
      }
      return {
        ...work(agent, journal, undefined),
        get task() {
          return journal.task;
        },
        standing: org.standing.effects[standingNow(seen.board.learned, org.standing, agent, clock)],
        note: (patch) => journal.note(patch),
      };
    },
    async jobWork(message, agent) {
      const spent = { inputTokens: 0, outputTokens: 0, cost: 0 };
      const about = { id: jobId(message.id), duty: 'test', agent, role: roleOf(agent).name, attempt: 1 };
      const job = { ...about, status: 'working' as const, startedAt: clock.now(), spent };
      const journal = await JobJournal.open(bus, job, { id: message.id, lineage: message.correlationid }, true);
      return { ...work(agent, journal, message), message, attempt: 1 };
    },
    async run(duty, message, agent) {
      const job = await office.jobWork(message, agent);
      if (!duty.wants(job, message)) return false;
      await duty.run(job);
      return true;
    },
    async task(id) {
      const task = taskIn(await bus.last(subjects.task(id)));
      if (!task) throw new Error(`no task ${id}`);
      return task;
    },
    async on(filter) {
      const found: Stored[] = [];
      for await (const stored of bus.replay({ filter })) found.push(stored);
      return found;
    },
  };
  return office;
}

/** The same bus, with something in front of every publish. */
export function publishingThrough(bus: MemoryBus, publish: Bus['publish']): Bus {
  return {
    company: bus.company,
    publish,
    tell: (...given) => bus.tell(...given),
    last: (subject) => bus.last(subject),
    consume: (...given) => bus.consume(...given),
    replay: (range) => bus.replay(range),
    tap: (...given) => bus.tap(...given),
    putBlob: (bytes) => bus.putBlob(bytes),
    getBlob: (digest) => bus.getBlob(digest),
    info: () => bus.info(),
    consumers: () => bus.consumers(),
    close: () => bus.close(),
  };
}

/** A message as it would be delivered, without publishing it. */
export function message(draft: Unsigned, subject = 'test'): Message {
  const envelope = { specversion: '1.0', source: 'test', time: new Date(START).toISOString(), subject };
  return { ...envelope, datacontenttype: 'application/json', ...draft } as Message;
}

export function tick(duty: string, slot = 1): Message {
  return message({ id: `tick.${duty}.${slot}`, type: 'clock.ticked', data: { duty, slot, due: START } });
}

/** A job in another process: it has its own board. */
export async function jobElsewhere(office: Office, message: Message, agent: string): Promise<JobWork> {
  return { ...(await office.jobWork(message, agent)), board: (await follow(office.bus)).board };
}
