// The durable path against the raw rate of the same server, and against the memory bus.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../bus/clock.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { MemoryBus } from '../../bus/memory.ts';
import type { Message } from '../../bus/messages.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { type Bench, openBench, TASKS_PER_DIRECTIVE } from './company.ts';
import type { Row } from './main.ts';
import { rawPublishes } from './raw.ts';

/** Rounds of the throughput measurement; the median one counts. Where disks are synced each takes several times as long. */
const ROUNDS = { fast: 15, always: 5 } as const;
const DIRECTIVES = 60;
/** Directives before the measurement: throughput of a company that has been at work for seconds, not of a cold compiler. */
const WARM_UP = { fast: 300, always: 30 } as const;
/** The reference is measured before and after each round, because other work on the machine comes and goes. */
const RAW_MS = 1_000;
/** It publishes the last messages of the rounds. */
const PAYLOADS = 2_000;

type Measured = {
  readonly tasksPerSecond: number;
  readonly messagesPerSecond: number;
  /** Median of the rounds, each beside what was measured around it. */
  readonly ofRaw: number;
  /** 0 where there is no server to compare with. */
  readonly raw: number;
  readonly loneMs: number;
  readonly hundredMs: number;
};

type Round = { readonly ms: number; readonly messages: number; readonly raw: number };

/** @param raw measures the reference, messages per second */
async function measure(
  bench: Bench,
  count: () => number,
  sync: 'fast' | 'always',
  raw: () => Promise<number>,
): Promise<Measured> {
  await bench.run(WARM_UP[sync]);
  const rounds: Round[] = [];
  let before = await raw();
  for (let n = 0; n < ROUNDS[sync]; n += 1) {
    const already = count();
    const ms = await bench.run(DIRECTIVES);
    const messages = count() - already;
    const after = await raw();
    rounds.push({ ms, messages, raw: (before + after) / 2 });
    before = after;
  }
  const rate = ({ ms, messages }: Round) => (messages * 1000) / ms;
  const hundredMs = await bench.run(100 / TASKS_PER_DIRECTIVE);
  const lone: number[] = [];
  for (let n = 0; n < 50; n += 1) lone.push(await bench.lone());
  return {
    tasksPerSecond: median(rounds.map(({ ms }) => (DIRECTIVES * TASKS_PER_DIRECTIVE * 1000) / ms)),
    messagesPerSecond: median(rounds.map(rate)),
    ofRaw: median(rounds.map((one) => rate(one) / one.raw)),
    raw: median(rounds.map((one) => one.raw)),
    loneMs: median(lone),
    hundredMs,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const round = (value: number): string => Math.round(value).toLocaleString('en').replaceAll(',', ' ');

async function onMemory(): Promise<Measured> {
  let messages = 0;
  const clock = new RealClock();
  const bus = new MemoryBus('bench', clock);
  const bench = await openBench(bus, clock, () => (messages += 1));
  const measured = await measure(
    bench,
    () => messages,
    'fast',
    async () => 0,
  );
  await bench.close();
  await bus.close();
  return measured;
}

async function onJetStream(sync: 'fast' | 'always'): Promise<Measured & { version: string }> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-bench-nats-'));
  const server = await startServer({ storeDir, sync });
  let messages = 0;
  try {
    const clock = new RealClock();
    const owner = { workspace: storeDir, kind: 'scenario' as const, fresh: true };
    const bus = await openJetStreamBus({ servers: server.url, company: 'bench', clock, owner });
    const encoder = new TextEncoder();
    const last: Message[] = [];
    const bench = await openBench(bus, clock, ({ message }) => {
      last[messages % PAYLOADS] = message;
      messages += 1;
    });
    const raw = () => {
      const payloads = last.map((message) => encoder.encode(JSON.stringify(message)));
      return rawPublishes(server.url, payloads, RAW_MS);
    };
    const measured = await measure(bench, () => messages, sync, raw);
    await bench.close();
    await bus.close();
    return { ...measured, version: server.version };
  } finally {
    await server.stop();
    await rm(storeDir, { recursive: true, force: true });
  }
}

export async function measureStream(): Promise<readonly Row[]> {
  const fast = await onJetStream('fast');
  const always = await onJetStream('always');
  const memory = await onMemory();
  const row = (name: string, m: Measured): Row[] => [
    { what: `${name}: tasks per second, eight workers`, value: round(m.tasksPerSecond) },
    {
      what: `${name}: messages per second`,
      value: round(m.messagesPerSecond),
      ...(m.raw === 0 ? {} : { reference: `${m.ofRaw.toFixed(3)} of raw ${round(m.raw)}`, goal: 'at least 0.1' }),
    },
    { what: `${name}: 100 tasks on a running company`, value: `${Math.round(m.hundredMs)} ms`, goal: 'under 1 000 ms' },
    { what: `${name}: one lone task to its report, median`, value: `${m.loneMs.toFixed(2)} ms` },
  ];
  return [
    ...row(`JetStream ${fast.version}`, fast),
    ...row('JetStream, disk synced before each ack', always),
    ...row('memory bus', memory),
  ];
}
