// One task, one owner, on a real stream: processes that sleep too long, and records that this version cannot read.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileKnowledge } from '../brain/knowledge/files.ts';
import { type Model, plainAnswer } from '../brain/models/model.ts';
import type { Bus, Consumer } from '../bus/bus.ts';
import { RealClock } from '../bus/clock.ts';
import { type JetStreamBus, openJetStreamBus } from '../bus/jetstream.ts';
import { isTaskMessage, type Message } from '../bus/messages.ts';
import type { Approval, Task } from '../bus/records.ts';
import { type RunningServer, startServer } from '../bus/server/launcher.ts';
import { subjects } from '../bus/subjects.ts';
import { buildAgentMachine } from '../machines/agent.ts';
import { roleOf } from '../org/org.ts';
import { startProxy } from '../tests/fixtures/proxy.ts';
import { aTask } from '../tests/fixtures/story.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { Agent } from './agent.ts';
import { Company } from './company.ts';
import { duties } from './duties/registry.ts';
import { noTools } from './fakes.ts';
import { good, orgOf } from './fixture.ts';
import { Host } from './host.ts';
import { openMoney } from './money/desk.ts';
import { outboundBus } from './outbound.ts';
import { Pool } from './pool.ts';
import type { Ports } from './ports.ts';
import { follow } from './projections.ts';

let storeDir: string;
let server: RunningServer;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'headcount-owner-'));
  server = await startServer({ storeDir, port: 0, sync: 'fast' });
});
afterAll(async () => {
  await server.stop();
  await rm(storeDir, { recursive: true });
});

const org = orgOf('', '{ ladder: [standard, escalate] }', 1);
const clock = new RealClock();

const open = (company: string, url = server.url): Promise<JetStreamBus> =>
  openJetStreamBus({ servers: url, company, clock, owner: { workspace: '/w', kind: 'company' } });

async function portsOn(bus: Bus, think: Model['think']): Promise<{ ports: Ports; close(): Promise<void> }> {
  const { board, company, episodes, close } = await follow(bus);
  const knowledge = createFileKnowledge([]);
  const rest = {
    board,
    company,
    episodes,
    knowledge,
    duties,
    org: () => org,
    tools: noTools,
    secrets: createSecrets({}),
    log: () => {},
  };
  const money = openMoney({ bus, clock, ...rest });
  return { ports: { bus, clock, money, model: { think, quote: () => 1 }, ...rest }, close };
}

const reply = (answer: unknown) =>
  plainAnswer(JSON.stringify(answer), { model: 'script', inputTokens: 1, outputTokens: 1, cost: 1 });

/** Resolves with the first message that fits, whenever it came or comes. */
async function heard(bus: Bus, fits: (message: Message) => boolean): Promise<void> {
  let tell = () => {};
  const found = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const tap = await bus.tap({ filter: '>', fromSeq: 1, foreign: () => {} }, ({ message }) => {
    if (fits(message)) tell();
  });
  await found;
  await tap.close();
}

/** A task has got so far. */
const task =
  (id: string, status: Task['status']) =>
  (message: Message): boolean =>
    isTaskMessage(message) && message.data.task.id === id && message.data.task.status === status;

const isFenced = (message: Message) => message.type === 'agent.changed' && message.data.state === 'fenced';

async function all(bus: Bus): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const { message } of bus.replay({ filter: '>', foreign: () => {} })) messages.push(message);
  return messages;
}

const anAdvice = (id: string, more: Partial<Task> = {}): Task =>
  aTask(id, { type: 'advice', role: 'worker', status: 'ready', attempt: 0, createdAt: clock.now(), ...more });

async function assign(bus: Bus, task: Task): Promise<void> {
  const said = { source: 'cto', correlationid: task.lineage };
  await bus.publish<'task.assigned'>(subjects.task(task.id), {
    ...said,
    id: `task.${task.id}.assigned.state`,
    type: 'task.assigned',
    data: { task },
  });
  await bus.publish<'assignment.given'>(subjects.tasksFor('worker'), {
    ...said,
    id: `task.${task.id}.assigned`,
    type: 'assignment.given',
    data: { task: task.id, why: 'new' },
  });
}

/** One worker behind the mailbox of its role, as staff.ts would put it there, with a shorter ack wait. */
async function worker(bus: Bus, name: string, think: Model['think']): Promise<{ close(): Promise<void> }> {
  const role = roleOf(org, 'worker');
  if (!role) throw new Error('no worker');
  const { ports, close } = await portsOn(bus, think);
  const never = new AbortController().signal;
  const host = new Host(ports, never, never);
  let consumer: Consumer | undefined;
  const pool = new Pool('worker', () => consumer?.wake());
  const machine = buildAgentMachine(role.policy);
  pool.add(new Agent({ name, role: 'worker', machine, bus, now: () => clock.now() }));
  const capacity = () => (consumer?.inHand ?? 0) + pool.available;
  const mailbox = { pool, role: () => role };
  consumer = await bus.consume(
    { durable: 'worker', filters: [subjects.tasksFor('worker')], capacity, ackWaitMs: 1_000 },
    (delivery) => host.receive(mailbox, delivery),
  );
  consumer.wake();
  return {
    async close() {
      await consumer?.close();
      await close();
    },
  };
}

describe('a worker that wakes up after somebody else has done its task', () => {
  it('is refused, says once that it is fenced, and leaves one result', async () => {
    const proxy = await startProxy({ target: server.url });
    const [late, quick] = [await open('fence', `nats://127.0.0.1:${proxy.port}`), await open('fence')];
    let wake = () => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let fallAsleep = () => {};
    const sleeps = new Promise<void>((resolve) => {
      fallAsleep = resolve;
    });
    const first = await worker(late, 'worker-late', async () => {
      fallAsleep();
      await asleep;
      return reply({ summary: 'late', advice: 'too late' });
    });
    await assign(quick, anAdvice('T1'));
    await sleeps;
    proxy.pause();
    const second = await worker(quick, 'worker-quick', async () => reply(good));
    await heard(quick, task('T1', 'done'));
    proxy.resume();
    wake();
    await heard(quick, isFenced);
    await first.close();
    await second.close();
    const messages = await all(quick);
    expect(messages.filter(isFenced).map(({ data }) => data)).toMatchObject([
      { agent: 'worker-late', task: 'T1', reason: 'it was late: task.T1 has been written by somebody else' },
    ]);
    const done = messages.flatMap((one) => (one.type === 'task.completed' ? [[one.source, one.data.task.agent]] : []));
    expect(done).toEqual([['worker-quick', 'worker-quick']]);
    const answers = messages.flatMap((one) => (one.type === 'task.stepped' ? [one.data.step.agent] : []));
    expect(new Set(answers)).toEqual(new Set(['worker-quick']));
    await late.close();
    await quick.close();
    await proxy.close();
  });
});

describe('a worker that is given a task before it has heard of it', () => {
  it('does it at once: it is not taken for late', async () => {
    const bus = await open('ahead');
    let hearing = true;
    const unheard: (() => void)[] = [];
    const lagging: Bus = {
      ...outboundBus(bus, createSecrets({}), () => ({ role: 'worker', attempt: 1 })),
      tap: (range, handler) =>
        bus.tap(range, (stored) => void (hearing ? handler(stored) : unheard.push(() => handler(stored)))),
    };
    const { seq } = await bus.publish<'task.created'>(subjects.task('T1'), {
      id: 'task.B1.a.created',
      type: 'task.created',
      source: 'cto',
      data: { task: anAdvice('T1') },
    });
    const first = await worker(lagging, 'worker-1', async () => reply(good));
    hearing = false;
    await assign(bus, anAdvice('T1'));
    expect(seq).toBe(1);
    await heard(bus, task('T1', 'done'));
    hearing = true;
    for (const hear of unheard) hear();
    await first.close();
    expect((await all(bus)).filter(isFenced)).toEqual([]);
    await bus.close();
  });
});

describe('a task whose record this version cannot read', () => {
  const alien = (task: object, seq: string) =>
    JSON.stringify({
      specversion: '1.0',
      id: `alien.${seq}`,
      type: 'task.started',
      source: 'worker',
      time: new Date().toISOString(),
      subject: 'task.x',
      datacontenttype: 'application/json',
      data: { task },
    });

  const answer = async (bus: Bus, id: string, option: string) => {
    const asked = await bus.last(subjects.approval(id));
    if (asked?.message.type !== 'approval.asked') throw new Error(`no question ${id}`);
    const data: Approval = { ...asked.message.data, status: 'answered', answer: option, by: 'eva' };
    const draft = { id: `${id}.answer`, type: 'approval.answered' as const, source: 'operator', data };
    await bus.publish<'approval.answered'>(subjects.approval(id), draft, { expectedLastSeq: asked.seq });
  };

  it('is asked about and obeyed, while the company starts and everything else goes on', async () => {
    const bus = await open('alien');
    const raw = bus.connection;
    await assign(bus, anAdvice('T1', { title: 'Known before', dependents: ['T4'] }));
    await assign(bus, anAdvice('T5'));
    const strange = { ...anAdvice('T1'), phase: 'levitating' };
    const newer = { ...anAdvice('T2', { title: 'From the future' }), version: 9, aura: 'blue' };
    for (const [id, text] of [
      ['T1', alien(strange, '1')],
      ['T2', alien(newer, '2')],
      ['T3', 'no JSON at all'],
    ] as const) {
      await raw.request(`alien.task.${id}`, text);
    }
    const { ports, close } = await portsOn(bus, async () => reply(good));
    const company = new Company({ ports });
    await company.start();
    await heard(bus, task('T5', 'done'));
    for (const id of ['T1', 'T2', 'T3']) {
      await heard(bus, ({ type, data }) => type === 'approval.asked' && 'task' in data && data.task === id);
    }
    const asked = (await all(bus)).flatMap((one) => (one.type === 'approval.asked' ? [one.data] : []));
    expect(asked.map(({ options }) => options.map(({ key }) => key))).toEqual([
      ['retry', 'abandon'],
      ['retry', 'abandon'],
      ['keep', 'abandon'],
    ]);
    expect(asked[0]?.question).toContain('T1 "Known before" is in quarantine: this version cannot read its record');
    expect(asked[1]?.question).toContain('a task record of version 9; this build reads 1');
    const [known, future] = asked.map(({ id }) => id);
    await answer(bus, known ?? '', 'retry');
    await answer(bus, future ?? '', 'abandon');
    await heard(bus, task('T1', 'done'));
    await heard(bus, task('T2', 'abandoned'));
    expect(ports.board.task('T1')).toMatchObject({ title: 'Known before', attempt: 1, reassigned: 1 });
    expect(ports.board.task('T2')).toMatchObject({ title: 'From the future' });
    await company.drain('over');
    const questions = (await all(bus)).filter(({ type }) => type === 'approval.asked');
    expect(questions).toHaveLength(3);
    await close();
    await bus.close();
  });
});
