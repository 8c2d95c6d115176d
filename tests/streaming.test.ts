// What a model says reaches the stream while it says it: a real provider's format over HTTP, a real nats-server, and every
// wrapper between a company and its model.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dutyFacts, neededEvidence } from '../actors/duties/registry.ts';
import { createFileKnowledge } from '../brain/knowledge/files.ts';
import { Snapshot } from '../brain/models/snapshot.ts';
import type { Bus, Stored } from '../bus/bus.ts';
import { RealClock } from '../bus/clock.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import { type RunningServer, startServer } from '../bus/server/launcher.ts';
import { subjects } from '../bus/subjects.ts';
import { assemble, placesIn } from '../cli/assemble.ts';
import { routedThinking } from '../cli/models.ts';
import { createAuditor, type Violation } from '../invariants/auditor.ts';
import { rulesOf } from '../invariants/rules.ts';
import { loadOrg } from '../org/load.ts';
import { createFaults } from '../scenarios/faults.ts';
import { openSandbox } from '../tools/sandbox.ts';
import { modelServer, type Turn } from './fixtures/model-server.ts';

const KEY = 'canary-of-the-vault-0123456789';
let dir: string;
let nats: RunningServer;
let companies = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headcount-streaming-'));
  nats = await startServer({ storeDir: join(dir, 'store'), sync: 'fast' });
});
afterAll(async () => {
  await nats.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A company with one adviser, whose model is behind a server that plays these turns; one task is given to it. */
async function company(...turns: Turn[]) {
  companies += 1;
  const server = await modelServer(...turns);
  const name = `said-${companies}`;
  const text = `
company: ${name}
sandbox: none
retry: { waits: 2, backoff: { first: 1s, factor: 1, max: 1s } }
models:
  providers: { local: { kind: anthropic, url: '${server.url}' } }
  tiers: { light: [local/m], coding: [local/m], strategy: [local/m] }
  prices: { m: { input: 1, output: 5 } }
reports:
  cto:
    duties: [decompose]
    reports:
      worker: { duties: [advise], tier: light }
      hr: { duties: [staff] }
`;
  const org = loadOrg({ text, file: 'org.yaml', readPrompt: () => 'You advise.' }, { duties: dutyFacts() });
  // Waits of a provider pass a hundred times as fast.
  const clock = new RealClock(100);
  const owner = { workspace: dir, kind: 'scenario', fresh: true } as const;
  const bus: Bus = await openJetStreamBus({ servers: nats.url, company: name, clock, owner });
  const env = { VAULT_TOKEN: KEY };
  const seen: Stored[] = [];
  let look = () => {};
  const faults = createFaults([], clock);
  const assembled = await assemble({
    org,
    bus,
    clock,
    thinking: (world) => {
      const thinking = routedThinking(env, world);
      return { ...thinking, model: faults.model(thinking.model) };
    },
    knowledge: createFileKnowledge([]),
    sandbox: await openSandbox({ mode: 'none', scripted: true, cacheDir: dir, env }),
    places: placesIn(join(dir, name), name),
    env,
    log: () => {},
    onMessage: (stored) => {
      seen.push(stored);
      look();
    },
  });
  await assembled.company.start();
  const tasks = [
    { key: 'a', title: 'Advise', role: 'worker', type: 'advice', description: '', acceptance: [], after: [] },
  ].map((task) => ({ ...task, estimateMinutes: 30, priority: 'normal' as const }));
  await bus.publish(subjects.directives, {
    id: 'backlog.B1',
    type: 'backlog.given',
    source: 'test',
    data: { id: 'B1', tasks },
  });
  return {
    server,
    seen,
    said: () => seen.flatMap(({ message }) => (message.type === 'agent.said' ? [message.data] : [])),
    has: (holds: () => boolean) =>
      new Promise<void>((resolve) => {
        look = () => holds() && resolve();
        look();
      }),
    task: () => assembled.projections.board.task('T1'),
    /** What was sent to the model for a step of the first attempt, as it is kept. */
    async sent(name: string) {
      const step = seen.flatMap(({ message }) => (message.type === 'task.stepped' ? [message.data.step] : []));
      const digest = step.find((one) => one.name === `a1.${name}`)?.prompt ?? '';
      return Snapshot.parse(JSON.parse(Buffer.from(await bus.getBlob(digest)).toString()));
    },
    /** What the auditor says, once the company has come to rest. */
    async audit() {
      await assembled.company.drain('tested');
      const auditor = createAuditor(rulesOf(org, { needs: neededEvidence() }));
      const found: Violation[] = [];
      for await (const stored of bus.replay({ filter: '>' })) found.push(...auditor.look(stored));
      return [...found, ...auditor.atRest(clock.now())];
    },
    async close() {
      await assembled.company.drain('tested');
      await assembled.projections.close();
      await bus.close();
      await server.close();
    },
  };
}

/** A server's halt: it goes on, or cuts the line. */
function gate() {
  let [goOn, cut] = [() => {}, () => {}];
  const until = new Promise<void>((resolve, reject) => {
    goOn = resolve;
    cut = () => reject(new Error('the line is cut'));
  });
  return { until, goOn, cut };
}

const answer = (advice: string) => JSON.stringify({ summary: 'Thought about it', advice });

test('parts of an answer are on the stream before it is whole, with the call that they belong to', async () => {
  const { until, goOn } = gate();
  const text = answer('Keep what is simple, and say so. '.repeat(40));
  const office = await company({ halt: { text }, events: 4, until });
  await office.has(() => office.said().length > 0);
  expect(office.task()?.status).toBe('working');
  expect(office.seen.some(({ message }) => message.type === 'money.settled')).toBe(false);
  expect(text.startsWith(office.said()[0]?.text ?? '?')).toBe(true);
  goOn();
  await office.has(() => office.task()?.status === 'done');
  expect(
    office
      .said()
      .map((one) => one.text)
      .join(''),
  ).toBe(text);
  expect(new Set(office.said().map(({ agent, task, call }) => `${agent} ${task} ${call}`)).size).toBe(1);
  expect(office.said()[0]).toMatchObject({ agent: 'worker', task: 'T1', call: expect.stringContaining('.a1.advise') });
  expect(await office.sent('advise')).toMatchObject({
    purpose: 'advise',
    system: expect.stringContaining('You advise.'),
    prompt: expect.stringContaining('Advise'),
  });
  expect(await office.audit()).toEqual([]);
  await office.close();
});

test('an answer that broke off is a typed failure, and nothing of it is used', async () => {
  const text = answer('Sell everything today. '.repeat(40));
  const { until, cut } = gate();
  const office = await company(
    { halt: { text }, events: 5, until },
    { say: { text: answer('Wait and see, it is early.') } },
  );
  await office.has(() => office.said().length > 0);
  cut();
  await office.has(() => office.task()?.status === 'done');
  const used = office.seen.filter(({ message }) => message.type !== 'agent.said');
  expect(JSON.stringify(used)).not.toContain('Sell everything');
  expect(JSON.stringify(used)).toContain('Wait and see');
  expect(used.find(({ message }) => message.type === 'provider.changed')?.message.data).toMatchObject({
    reason: expect.stringContaining('broke off'),
  });
  await office.close();
});

test('a secret that two parts cut in two is not seen, and the answer with it is refused', async () => {
  const padding = 'x y '.repeat(60);
  // Parts are thirds of the text: this one is cut within the secret.
  const text = `${padding}${KEY}${padding}${padding}`;
  const givenUp = JSON.stringify({ action: 'abandon', reason: 'It cannot be said' });
  const office = await company({ say: { text } }, { say: { text: givenUp } });
  await office.has(() => office.task()?.status === 'abandoned');
  expect(office.task()?.failures[0]).toMatchObject({
    kind: 'permanent',
    reason: expect.stringContaining('VAULT_TOKEN'),
  });
  const shown = office
    .said()
    .map((one) => one.text)
    .join('');
  expect(shown).toContain('[VAULT_TOKEN]');
  const decided = office.seen.flatMap(({ message }) => (message.type === 'policy.decided' ? [message.data] : []));
  expect(decided).toMatchObject([{ work: 'T1', agent: 'worker', tool: 'think', rule: 'secret', verdict: 'deny' }]);
  expect(JSON.stringify(office.seen)).not.toContain(KEY.slice(0, 12));
  expect(JSON.stringify(office.seen)).not.toContain(KEY.slice(-12));
  await office.close();
});
