// A company whose process is killed with a thousand tasks in hand, each waiting for a model that takes its time, and started
// again. The model of the second life answers at once, so that what is measured is the recovery and not the model.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stored } from '../../bus/bus.ts';
import { RealClock } from '../../bus/clock.ts';
import { type JetStreamBus, openJetStreamBus } from '../../bus/jetstream.ts';
import { PlannedTask } from '../../bus/records.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { subjects } from '../../bus/subjects.ts';
import { packageRoot } from '../../cli/package-root.ts';
import type { Row } from './main.ts';

const ROLES = 10;
const INSTANCES = 100;
const TASKS = ROLES * INSTANCES;

const roles = Array.from({ length: ROLES }, (_, n) => `worker_${String.fromCharCode(97 + n)}`);

const org = `
company: recovery
sandbox: none
retry:
  ladder: [standard, escalate]
reports:
  cto:
    title: Planner
    prompt: p.md
    duties: [decompose, digest, staff]
    reports:
${roles.map((role) => `      ${role}: { title: Worker, prompt: p.md, duties: [advise], instances: ${INSTANCES} }`).join('\n')}
`;

const PLAN = 20;
const PATIENCE_MS = 120_000;

const planned = (n: number) =>
  PlannedTask.parse({ key: `t${n}`, title: `Piece of work ${n}`, role: roles[n % ROLES] ?? '', type: 'advice' });

/** A backlog of one task, and a model that takes its time. */
function script(name: string, takes: string): string {
  return `
name: ${name}
title: A thousand pieces of work
given:
  company: recovery
  backlog:
    - { key: t0, title: Piece of work 0, role: ${roles[0]}, type: advice }
defaults:
  advise: { takes: ${takes}, tokens: [100, 20], answer: { summary: done, advice: Use a queue. } }
deadline: 1d
then: {}
`;
}

/** The other tasks, in backlogs as long as they may be. */
async function giveBacklogs(bus: JetStreamBus): Promise<void> {
  for (let first = 1; first < TASKS; first += PLAN) {
    const id = `B${first + 1}`;
    const tasks = Array.from({ length: Math.min(PLAN, TASKS - first) }, (_, n) => planned(first + n));
    const draft = { id: `backlog.${id}`, type: 'backlog.given', source: 'bench', data: { id, tasks } } as const;
    await bus.publish(subjects.directives, draft);
  }
}

type Seen = {
  readonly ids: Set<string>;
  readonly begun: Set<string>;
  readonly completed: Map<string, number>;
  given: boolean;
  starts: number;
  messages: number;
  /** Times of the second life, ms of the wall. */
  first: number | undefined;
  firstDone: number | undefined;
};

function look(seen: Seen, { message }: Stored): void {
  seen.messages += 1;
  seen.ids.add(message.id);
  if (message.type === 'backlog.given') seen.given = true;
  if (message.type === 'process.started') seen.starts += 1;
  if (message.type === 'task.started') seen.begun.add(message.data.task.id);
  if (message.type === 'task.completed') {
    seen.firstDone ??= performance.now();
    const { id } = message.data.task;
    seen.completed.set(id, (seen.completed.get(id) ?? 0) + 1);
  }
  if (seen.starts < 2 || message.type !== 'agent.changed' || message.data.event !== 'ASSIGN') return;
  seen.first ??= performance.now();
}

/** Follows the stream; `reached` resolves when something holds of what was seen. */
async function follow(bus: JetStreamBus) {
  const seen: Seen = {
    ids: new Set(),
    begun: new Set(),
    completed: new Map(),
    given: false,
    starts: 0,
    messages: 0,
    first: undefined,
    firstDone: undefined,
  };
  let wake = () => {};
  await bus.tap({ filter: '>', fromSeq: 1 }, (stored) => {
    look(seen, stored);
    wake();
  });
  const reached = (holds: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      setTimeout(() => reject(new Error('it takes more than two minutes')), PATIENCE_MS).unref();
      wake = () => {
        if (holds()) resolve();
      };
      wake();
    });
  return { seen, reached };
}

function start(cwd: string, url: string, scenario: string): ChildProcess {
  const words = ['up', '--org', 'org.yaml', '--script', scenario, '--nats', url, '--quiet'];
  const child = spawn(process.execPath, [...process.execArgv, join(packageRoot, 'bin', 'headcount.js'), ...words], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  child.once('exit', (code) => {
    if (code === null || code === 0) return;
    process.stderr.write(`headcount up ended with code ${code}\n`);
    process.exit(1);
  });
  return child;
}

/** What starting the command line takes on this machine at this moment. */
async function bareStart(): Promise<number> {
  const started = performance.now();
  await once(
    spawn(process.execPath, [join(packageRoot, 'bin', 'headcount.js'), '--help'], { stdio: 'ignore' }),
    'exit',
  );
  return performance.now() - started;
}

async function openAt(url: string, workspace: string): Promise<JetStreamBus> {
  const owner = { workspace, kind: 'company' as const };
  return openJetStreamBus({ servers: url, company: 'recovery', clock: new RealClock(), owner });
}

export async function measureRecovery(): Promise<readonly Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'headcount-bench-recovery-'));
  const cwd = join(dir, 'work');
  await mkdir(cwd);
  await writeFile(join(cwd, 'p.md'), 'You work in a company that is being measured.\n');
  await writeFile(join(cwd, 'org.yaml'), org);
  await writeFile(join(cwd, 'slow.yaml'), script('slow', '10m'));
  await writeFile(join(cwd, 'fast.yaml'), script('fast', '0s'));
  const server = await startServer({ storeDir: join(dir, 'nats'), sync: 'always' });
  const bus = await openAt(server.url, cwd);
  const { seen, reached } = await follow(bus);
  const children: ChildProcess[] = [];
  try {
    const first = start(cwd, server.url, 'slow.yaml');
    children.push(first);
    await reached(() => seen.given);
    await giveBacklogs(bus);
    await reached(() => seen.begun.size === TASKS);
    const inHand = (await bus.consumers()).reduce((sum, one) => sum + one.inHand, 0);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const before = seen.messages;
    const bareMs = await bareStart();
    const restarted = performance.now();
    const second = start(cwd, server.url, 'fast.yaml');
    children.push(second);
    await reached(() => seen.first !== undefined);
    await reached(() => [...seen.completed.values()].reduce((sum, n) => sum + n, 0) >= TASKS);
    const done = performance.now();
    second.kill('SIGINT');
    await once(second, 'exit');
    const twice = [...seen.completed.values()].filter((n) => n > 1).length;
    const since = (at: number | undefined) =>
      at === undefined ? 'never' : `${((at - restarted) / 1000).toFixed(2)} s`;
    const goal = 'under 2 s';
    return [
      {
        what: 'unsettled at the kill -9 of their process',
        value: String(inHand),
        reference: `${before} messages on the stream`,
      },
      {
        what: 'first taken up again, from the restart',
        value: since(seen.first),
        reference: `headcount --help just before: ${(bareMs / 1000).toFixed(2)} s`,
        goal,
      },
      { what: 'first done', value: since(seen.firstDone) },
      { what: `all ${TASKS} done`, value: since(done), reference: 'with a model that answers at once' },
      { what: 'lost', value: String(TASKS - seen.completed.size), goal: '0' },
      { what: 'done twice', value: String(twice + (seen.messages - seen.ids.size)), goal: '0' },
    ];
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await bus.close();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
