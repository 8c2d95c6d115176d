// The durable path against the raw rate of the same server, and against the memory bus.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../bus/clock.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { MemoryBus } from '../../bus/memory.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { type Bench, openBench, TASKS_PER_DIRECTIVE } from './company.ts';
import type { Row } from './main.ts';
import { rawPublishes } from './raw.ts';

/** Rounds of the throughput measurement; the median one counts. */
const ROUNDS = 3;
const DIRECTIVES = 100;
/** Directives before the measurement: throughput of a company that has been at work for seconds, not of a cold compiler. */
const WARM_UP = { fast: 300, always: 30 } as const;
const RAW_MS = 3_000;

type Measured = {
  readonly tasksPerSecond: number;
  readonly messagesPerSecond: number;
  readonly loneMs: number;
  readonly hundredMs: number;
};

async function measure(bench: Bench, count: () => number, sync: 'fast' | 'always'): Promise<Measured> {
  await bench.run(WARM_UP[sync]);
  const rounds: { readonly ms: number; readonly messages: number }[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    const before = count();
    rounds.push({ ms: await bench.run(DIRECTIVES), messages: count() - before });
  }
  rounds.sort((a, b) => a.ms - b.ms);
  const { ms, messages } = rounds[Math.floor(ROUNDS / 2)] ?? { ms: 0, messages: 0 };
  const hundredMs = await bench.run(100 / TASKS_PER_DIRECTIVE);
  const lone: number[] = [];
  for (let n = 0; n < 50; n += 1) lone.push(await bench.lone());
  lone.sort((a, b) => a - b);
  return {
    tasksPerSecond: (DIRECTIVES * TASKS_PER_DIRECTIVE * 1000) / ms,
    messagesPerSecond: (messages * 1000) / ms,
    loneMs: lone[25] ?? 0,
    hundredMs,
  };
}

const round = (value: number): string => Math.round(value).toLocaleString('en').replaceAll(',', ' ');

async function onMemory(): Promise<Measured> {
  let messages = 0;
  const clock = new RealClock();
  const bus = new MemoryBus('bench', clock);
  const bench = await openBench(bus, clock, () => (messages += 1));
  const measured = await measure(bench, () => messages, 'fast');
  await bench.close();
  await bus.close();
  return measured;
}

async function onJetStream(sync: 'fast' | 'always'): Promise<Measured & { raw: number; version: string }> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-bench-nats-'));
  const server = await startServer({ storeDir, sync });
  const payloads: Uint8Array[] = [];
  let messages = 0;
  try {
    const clock = new RealClock();
    const owner = { workspace: storeDir, kind: 'scenario' as const, fresh: true };
    const bus = await openJetStreamBus({ servers: server.url, company: 'bench', clock, owner });
    const encoder = new TextEncoder();
    const bench = await openBench(bus, clock, ({ message }) => {
      messages += 1;
      if (payloads.length < 2_000) payloads.push(encoder.encode(JSON.stringify(message)));
    });
    await bench.run(10);
    // Before and after, because other work on the machine comes and goes.
    const before = await rawPublishes(server.url, payloads, RAW_MS);
    const measured = await measure(bench, () => messages, sync);
    const after = await rawPublishes(server.url, payloads, RAW_MS);
    await bench.close();
    await bus.close();
    return { ...measured, raw: (before + after) / 2, version: server.version };
  } finally {
    await server.stop();
    await rm(storeDir, { recursive: true, force: true });
  }
}

export async function measureStream(): Promise<readonly Row[]> {
  const fast = await onJetStream('fast');
  const always = await onJetStream('always');
  const memory = await onMemory();
  const row = (name: string, m: Measured, raw?: number): Row[] => [
    { what: `${name}: tasks per second, eight workers`, value: round(m.tasksPerSecond) },
    {
      what: `${name}: messages per second`,
      value: round(m.messagesPerSecond),
      ...(raw === undefined
        ? {}
        : { reference: `${(m.messagesPerSecond / raw).toFixed(3)} of raw ${round(raw)}`, goal: 'at least 0.1' }),
    },
    { what: `${name}: 100 tasks on a running company`, value: `${Math.round(m.hundredMs)} ms`, goal: 'under 1 000 ms' },
    { what: `${name}: one lone task to its report, median`, value: `${m.loneMs.toFixed(2)} ms` },
  ];
  return [
    ...row(`JetStream ${fast.version}`, fast, fast.raw),
    ...row('JetStream, disk synced before each ack', always, always.raw),
    ...row('memory bus', memory),
  ];
}
