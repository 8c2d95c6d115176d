// A company for measuring: eight workers, two planners so that they always have tasks, a model that answers at once, no git.
// Everything else is the real path: directive, plan, tasks, recorded steps, score, memory, report.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { createFileKnowledge } from '../../brain/knowledge/files.ts';
import { type Model, plainAnswer, type Question } from '../../brain/models/model.ts';
import type { Bus, Stored } from '../../bus/bus.ts';
import type { Clock } from '../../bus/clock.ts';
import type { PlannedTask } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { type Assembled, type Assembly, assemble } from '../../cli/assemble.ts';
import { placesIn } from '../../cli/places.ts';
import { loadOrg } from '../../org/load.ts';
import type { Org } from '../../org/org.ts';
import { openSandbox } from '../../tools/sandbox.ts';

const worker = (name: string, instances: number) => `
      ${name}: { title: Worker, duties: [advise], instances: ${instances} }`;

const text = (workers: string) => `
company: bench
sandbox: none
retry:
  ladder: [standard, escalate]
reports:
  cto:
    title: Planner
    duties: [decompose, digest, staff]
    instances: 2
    reports:${workers}
`;

const model = (url: string) => `
models:
  providers: { stub: { kind: anthropic, url: '${url}' } }
  tiers: { strategy: [stub/one], coding: [stub/one], light: [stub/one] }
  prices: { one: { input: 0, output: 0 } }
`;

export type BenchSize = {
  /** Names of the roles that work, and how many agents each has. */
  readonly workers?: readonly string[];
  readonly instances?: number;
  /** Of a provider that all tiers ask; absent: whoever opens the company brings a model. */
  readonly url?: string;
};

export function benchOrg({ workers = ['worker'], instances = 8, url }: BenchSize = {}): Org {
  const roles = workers.map((name) => worker(name, instances)).join('');
  const file = text(roles) + (url === undefined ? '' : model(url));
  const readPrompt = () => 'You work in a company that is being measured.';
  return loadOrg({ text: file, file: 'bench.yaml', readPrompt }, { duties: dutyFacts() });
}

/** Tasks in each directive's plan. */
export const TASKS_PER_DIRECTIVE = 10;

const usage = { model: 'zero', inputTokens: 100, outputTokens: 20, cost: 0.0001 };

function plannedTasks(count: number, role = 'worker'): PlannedTask[] {
  return Array.from({ length: count }, (_, n) => ({
    key: `t${n}`,
    title: `Piece of work number ${n}`,
    description: 'x'.repeat(200),
    acceptance: [],
    role,
    type: 'advice',
    estimateMinutes: 30,
    priority: 'normal',
    after: [],
  }));
}

/** Answers at once. */
export const zeroModel: Model = {
  async think({ purpose }: Question) {
    if (purpose === 'decompose') {
      return plainAnswer(JSON.stringify({ tasks: plannedTasks(TASKS_PER_DIRECTIVE) }), usage);
    }
    return plainAnswer(JSON.stringify({ summary: 'done', advice: 'y'.repeat(200) }), usage);
  },
  quote: () => usage.cost,
};

export type Bench = {
  readonly assembled: Assembled;
  /** Gives directives and waits until all their tasks are done and reported. Returns ms of the wall. */
  run(directives: number): Promise<number>;
  /** Gives tasks to a role, as a backlog, and does not wait for them. */
  give(tasks: number, role: string): Promise<void>;
  /** Gives one task, as a backlog, to an idle company. Returns ms of the wall until its report. */
  lone(): Promise<number>;
  close(): Promise<void>;
};

/** @param onMessage sees every message of the stream */
export async function openBench(
  bus: Bus,
  clock: Clock,
  onMessage: (stored: Stored) => void = () => {},
  parts: Partial<Pick<Assembly, 'atStep' | 'thinking' | 'org'>> = {},
): Promise<Bench> {
  const workspace = await mkdtemp(join(tmpdir(), 'headcount-bench-'));
  const org = parts.org ?? benchOrg();
  let reported = 0;
  let awaited = { count: 0, arrived: () => {} };
  const sandbox = await openSandbox({ mode: 'none', scripted: true, cacheDir: workspace, env: process.env });
  const assembled = await assemble({
    bus,
    clock,
    thinking: () => ({ model: zeroModel }),
    ...parts,
    org,
    knowledge: createFileKnowledge([]),
    sandbox,
    places: placesIn(workspace, org.company),
    env: process.env,
    log: () => {},
    onMessage: (stored) => {
      onMessage(stored);
      if (stored.message.type !== 'report.filed' || stored.message.data.kind !== 'task') return;
      reported += 1;
      if (reported === awaited.count) awaited.arrived();
    },
  });
  await assembled.company.start();
  let given = 0;
  const reports = (more: number) =>
    new Promise<void>((resolve) => {
      awaited = { count: reported + more, arrived: resolve };
    });
  const give = async (count: number, role: string) => {
    given += 1;
    const data = { id: `B${given}`, tasks: plannedTasks(count, role) };
    await bus.publish(subjects.directives, {
      id: `backlog.${data.id}`,
      type: 'backlog.given',
      source: 'bench',
      data,
    });
  };
  return {
    assembled,
    give,
    async lone() {
      const arrived = reports(1);
      const started = performance.now();
      void give(1, 'worker');
      await arrived;
      return performance.now() - started;
    },
    async run(directives) {
      const arrived = reports(directives * TASKS_PER_DIRECTIVE);
      const started = performance.now();
      for (let n = 0; n < directives; n += 1) {
        given += 1;
        const id = `D${given}`;
        void bus.publish(subjects.directives, {
          id: `directive.${id}`,
          type: 'directive.issued',
          source: 'bench',
          data: {
            id,
            mission: 'measure',
            directive: 'do ten pieces of work',
            goals: [{ id: 'g', text: 'measured' }],
            priorities: [],
            deadline: clock.now() + 86_400_000,
          },
        });
      }
      await arrived;
      return performance.now() - started;
    },
    async close() {
      await assembled.company.drain('measured');
      await assembled.projections.close();
      await rm(workspace, { recursive: true, force: true });
    },
  };
}
