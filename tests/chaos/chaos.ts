// Beats a company of real processes for a while, lets it rest, and looks at what it has become.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { appendFile, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { dutyFacts } from '../../actors/duties/registry.ts';
import type { Bus, Stored } from '../../bus/bus.ts';
import { RealClock } from '../../bus/clock.ts';
import { exportLines } from '../../bus/export.ts';
import { streamName } from '../../bus/jetstream/stream.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { type Draft, isTaskMessage } from '../../bus/messages.ts';
import { subjects } from '../../bus/subjects.ts';
import { packageRoot } from '../../cli/package-root.ts';
import { createAuditor } from '../../invariants/auditor.ts';
import { rulesOf } from '../../invariants/rules.ts';
import { readOrg } from '../../org/load.ts';
import { loadPatched } from '../../org/overlay.ts';
import { loadScenario } from '../../scenarios/load.ts';
import { patchOf } from '../../scenarios/patch.ts';
import { oneServer, type Servers, threeNodes } from './nodes.ts';
import { type Blow, planBlows } from './plan.ts';
import { batch, script } from './work.ts';
import { processesIn, Worker } from './world.ts';

const COMPANY = 'chaos';
/** As many as a script may be long. */
const BATCHES = 150;
/** Open tasks below which the next batch is given. */
const LOW = 5;
/** How long the work that is left may take once nothing strikes any more, ms. */
const QUIET_MS = 240_000;
const LOOK_AGAIN_MS = 250;
/** In a run of this length or less, no batch waits for its time. */
const HEAD_START_MS = 180_000;
/** Longer than nothing of a company may stand still: one ack wait, and the work itself. */
const DRAIN_MS = 30_000;

export type ChaosOptions = {
  readonly binary: string;
  /** On three nodes, the stream in three copies, instead of on one server. */
  readonly cluster?: boolean;
  readonly seed: number;
  /** How long it is beaten, ms. */
  readonly lengthMs: number;
  /** An empty folder; it stays. */
  readonly dir: string;
  readonly say: (line: string) => void;
};

export type ChaosResult = {
  /** What is not as it should be, one line each; empty = all is well. */
  readonly faults: readonly string[];
  readonly blows: Readonly<Record<string, number>>;
  readonly tasks: number;
  readonly messages: number;
  /** From the last blow to the last task done, ms. */
  readonly recoveredMs: number;
  /** The stream, kept when something is wrong. */
  readonly kept: string | undefined;
};

/** Tasks as the stream tells them, and what is still open. */
class Tasks {
  readonly status = new Map<string, string>();
  readonly titles = new Map<string, string>();

  look = ({ message }: Stored): void => {
    if (!isTaskMessage(message) || !('task' in message.data)) return;
    const { id, title, status } = message.data.task;
    this.status.set(id, status);
    this.titles.set(id, title);
  };

  get open(): number {
    return [...this.status.values()].filter((status) => status !== 'done').length;
  }
}

/** One run. Throws only when it could not begin. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { binary, cluster = false, seed, lengthMs, dir, say } = options;
  const scriptPath = join(dir, 'chaos.yaml');
  await writeFile(scriptPath, script(COMPANY, BATCHES));
  const place = { dir: join(dir, 'company'), script: scriptPath, company: COMPANY };
  mkdirSync(place.dir, { recursive: true });
  if (cluster) await keepThreeCopies(place.dir);
  const server = cluster ? await threeNodes(binary, streamName(COMPANY)) : await oneServer(binary, join(dir, 'store'));
  const main = await Worker.create('main', undefined, place, server.urls);
  const workers = [
    main,
    await Worker.create('engineers', ['backend', 'qa', 'devops'], place, server.urls),
    await Worker.create('others', ['backend', 'customer_success', 'cto'], place, server.urls),
  ];
  const tasks = new Tasks();
  const struck: Record<string, number> = {};
  let bus: Bus | undefined;
  try {
    main.start();
    bus = await openWhenThere(server.urls, main);
    const tap = await bus.tap({ filter: 'task.*', fromSeq: 1 }, tasks.look);
    for (const worker of workers) worker.start();
    say(`seed ${seed}, nats-server ${server.version}, ${Math.round(lengthMs / 1000)} s of blows`);
    const started = performance.now();
    const giving = give(bus, tasks, started, lengthMs);
    for (const blow of planBlows(seed, lengthMs, workers.length, server.urls.length)) {
      await wait(Math.max(0, started + blow.at - performance.now()));
      const done = await strike(blow, workers, server);
      if (done) struck[blow.kind] = (struck[blow.kind] ?? 0) + 1;
      say(`${((performance.now() - started) / 1000).toFixed(1)} s  ${done ?? `${blow.kind}: nothing to do`}`);
    }
    await giving;
    for (const worker of workers) {
      worker.heal();
      worker.resume();
      worker.start();
    }
    await server.heal();
    const healed = performance.now();
    say(`${((healed - started) / 1000).toFixed(1)} s  nothing is the matter any more`);
    const faults = [...(await rest(bus, tasks))];
    const recoveredMs = Math.round(performance.now() - healed);
    await tap.close();
    faults.push(...(await judge(bus, scriptPath)), ...effects(place.dir, tasks));
    faults.push(...(await drain(workers)), ...processesIn(place.dir).map((line) => `left over: ${line}`));
    const kept = faults.length > 0 ? await keep(bus, dir) : undefined;
    const { messages } = await bus.info();
    return { faults, blows: struck, tasks: tasks.status.size, messages, recoveredMs, kept };
  } finally {
    for (const worker of workers) await worker.remove();
    await bus?.close();
    await server.stop();
  }
}

/** A company of its own in this folder, which differs from ours by how the server keeps it. */
async function keepThreeCopies(dir: string): Promise<void> {
  await cp(join(packageRoot, 'org'), join(dir, 'org'), { recursive: true });
  await appendFile(join(dir, 'org', 'org.yaml'), '\nstream: { replicas: 3 }\n');
}

async function openWhenThere(servers: readonly string[], main: Worker): Promise<Bus> {
  const until = performance.now() + DRAIN_MS;
  for (;;) {
    try {
      return await openJetStreamBus({ servers, company: COMPANY, clock: new RealClock() });
    } catch (cause) {
      if (!main.runs) throw new Error(`the company did not start: ${readFileSync(main.log, 'utf8')}`, { cause });
      if (performance.now() > until) throw cause;
    }
    await wait(LOOK_AGAIN_MS);
  }
}

function directive(b: number): Draft<'directive.issued'> {
  const id = `D${b}`;
  const goals = [{ id: `G${b}`, text: `batch ${b}` }];
  const data = { id, mission: 'Count', product: 'numbers', directive: `batch ${b}`, goals, priorities: [] };
  return {
    id: `directive.${b}`,
    type: 'directive.issued',
    source: 'operator',
    data: { ...data, deadline: Date.now() + 3_600_000 },
  };
}

/** Keeps work coming for so long, as fast as it is done; a long run makes do with the batches there are. */
async function give(bus: Bus, tasks: Tasks, started: number, lengthMs: number): Promise<void> {
  for (let next = 2; next <= BATCHES; ) {
    const now = performance.now() - started;
    if (now >= lengthMs) return;
    const given = tasks.status.size >= (next - 1) * batch(1).length;
    if (given && tasks.open < LOW && now >= (next / BATCHES) * lengthMs - HEAD_START_MS) {
      await bus.publish(subjects.directives, directive(next));
      next += 1;
    }
    await wait(LOOK_AGAIN_MS);
  }
}

/** Says what was done; undefined when there was nothing to do it to. */
async function strike(blow: Blow, workers: readonly Worker[], server: Servers): Promise<string | undefined> {
  const worker = workers[blow.worker];
  if (!worker) return undefined;
  const { kind, force } = blow;
  if (kind === 'server away') return server.strike(force);
  if (kind === 'restart worker') {
    const down = workers.find(({ runs }) => !runs);
    down?.start();
    return down && `${kind} ${down.name}`;
  }
  if (kind === 'resume worker' || kind === 'heal') {
    for (const one of workers) {
      if (kind === 'heal') one.heal();
      else one.resume();
    }
    return kind;
  }
  if (!worker.runs) return undefined;
  if (kind === 'kill worker') await worker.kill();
  if (kind === 'pause worker') worker.pause();
  if (kind === 'delay') worker.delay(10 + force * 490);
  if (kind === 'cut') worker.cut();
  if (kind === 'partition') worker.isolate();
  return `${kind} ${worker.name}`;
}

/** Waits until every task is done and every delivery settled. */
async function rest(bus: Bus, tasks: Tasks): Promise<string[]> {
  const until = performance.now() + QUIET_MS;
  for (;;) {
    const busy = (await bus.consumers()).filter(({ pending, inHand }) => pending + inHand > 0);
    if (tasks.open === 0 && tasks.status.size > 0 && busy.length === 0) return [];
    if (performance.now() > until) {
      const open = [...tasks.status].filter(([, status]) => status !== 'done');
      return [
        ...open.map(([id, status]) => `${id} is ${status} after the quiet period`),
        ...busy.map(({ durable, pending, inHand }) => `${durable}: ${pending} pending, ${inHand} not settled`),
      ];
    }
    await wait(LOOK_AGAIN_MS);
  }
}

/** What the invariants say of the stream. */
async function judge(bus: Bus, scriptPath: string): Promise<string[]> {
  const { given, locate } = await loadScenario(scriptPath);
  const path = join(packageRoot, 'org', 'org.yaml');
  const org = loadPatched(readOrg(path, path), patchOf(given), { duties: dutyFacts() }, locate);
  const auditor = createAuditor(rulesOf(org));
  const found = [];
  for await (const stored of bus.replay({ filter: '>', foreign: (foreign) => auditor.skip(foreign) }))
    found.push(...auditor.look(stored));
  found.push(...auditor.atRest(Date.now()), ...auditor.atEnd(Date.now()));
  return found.map(({ invariant, seq, subject, detail }) => `${invariant} at ${seq} on ${subject}: ${detail}`);
}

/** What was done to the world, counted there: one commit on the product's branch a task, and all of them. */
function effects(dir: string, tasks: Tasks): string[] {
  const cwd = join(dir, 'products', 'numbers');
  const log = execFileSync('git', ['log', '--format=%s', '--first-parent'], { cwd }).toString();
  const commits = new Map<string, number>();
  for (const [, id = ''] of log.matchAll(/^(T\d+)\b/gm)) commits.set(id, (commits.get(id) ?? 0) + 1);
  const numbers = [...tasks.titles].map(([id, title]) => ({ id, n: Number(title.replace('Number ', '')) }));
  const changing = numbers.filter(({ n }) => n % 6 !== 0);
  const twice = new Set(numbers.map(({ n }) => n)).size === numbers.length ? [] : ['a task was filed twice'];
  return [
    ...twice,
    ...changing.filter(({ id }) => !commits.has(id)).map(({ id }) => `${id} has no commit on the product's branch`),
    ...[...commits].filter(([, count]) => count > 1).map(([id, count]) => `${id} has ${count} commits`),
  ];
}

async function drain(workers: readonly Worker[]): Promise<string[]> {
  // Who joined leaves first.
  const ends: string[] = [];
  for (const worker of [...workers].reverse()) {
    const end = await Promise.race([worker.drain(), wait(DRAIN_MS, 'is still there')]);
    if (end !== 'code 0') ends.push(`${worker.name} ended with ${end}; its log is ${worker.log}`);
  }
  return ends;
}

async function keep(bus: Bus, dir: string): Promise<string> {
  const path = join(dir, 'stream.jsonl');
  const lines: string[] = [];
  for await (const line of exportLines(bus)) lines.push(line);
  await writeFile(path, lines.join(''));
  return path;
}
