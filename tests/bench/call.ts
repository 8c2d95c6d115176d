// What Headcount itself adds to a model call: the brief, the copy that is kept of what is sent, the reservation, the record of
// the answer and the settlement, each confirmed by JetStream, beside the bare call of the same run: the vendor's SDK against a
// server that answers at once. How long a part of an answer that is heard takes to be on the stream. And what calls cost that
// wait for a provider (waiting.ts).

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Model, plainAnswer } from '../../brain/models/model.ts';
import { openWire } from '../../brain/models/open-wire.ts';
import type { Stored } from '../../bus/bus.ts';
import { RealClock } from '../../bus/clock.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { type ModelServer, modelServer, type Turn } from '../fixtures/model-server.ts';
import { openBench, zeroModel } from './company.ts';
import type { Row } from './main.ts';
import { measureWaiting } from './waiting.ts';

const WARM_UP = 50;
const CALLS = 200;
/** Answers whose first part is waited for. */
const STREAMED = 40;

type Measured = {
  readonly ownMs: number;
  readonly p95Ms: number;
  readonly bareMs: number;
  readonly partMs: number;
  readonly worstPartMs: number;
};

const text = JSON.stringify({ summary: 'done', advice: 'said in some words, '.repeat(10) });

/** The server's turns: whole answers, then those that stop after their first part until that is on the stream. */
function createScript() {
  const halts = Array.from({ length: STREAMED }, () => {
    let goOn = () => {};
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return { goOn, until };
  });
  const whole: Turn[] = Array.from({ length: WARM_UP + CALLS }, () => ({ say: { text } }));
  const turns: Turn[] = [...whole, ...halts.map(({ until }): Turn => ({ halt: { text }, events: 4, until }))];
  let passed = 0;
  return {
    turns,
    goOn() {
      halts[passed]?.goOn();
      passed += 1;
    },
  };
}

/** A model that asks the server through the SDK. */
async function modelOf({ url }: ModelServer, clock: RealClock): Promise<Model> {
  const wire = await openWire({ name: 'stub', kind: 'anthropic', url }, {}, clock);
  return {
    quote: (question) => zeroModel.quote(question),
    async think(question, signal, heard) {
      const { system, prompt, rounds, tools, schema, id } = question;
      const request = { model: 'stub', system, prompt, rounds, tools, schema, maxTokens: 2_000, label: id };
      const reply = await wire.ask(request, signal, heard);
      const { inputTokens, outputTokens } = reply.usage;
      return plainAnswer(reply.text, { model: 'stub', inputTokens, outputTokens, cost: zeroModel.quote(question) });
    },
  };
}

/** When each call began, when its last message came back from the stream, and how long the model itself took. */
function createStopwatch(inner: Model, converses: boolean, goOn: () => void) {
  const own: number[] = [];
  const bare: number[] = [];
  const parts: number[] = [];
  let begun = 0;
  let missing = 0;
  let heardAt = 0;
  let isOpen = false;
  const model: Model = {
    converses,
    quote: (question) => inner.quote(question),
    async think(question, signal, heard) {
      const asked = performance.now();
      isOpen = true;
      const answer = await inner.think(question, signal, (part) => {
        heardAt ||= performance.now();
        heard?.(part);
      });
      isOpen = false;
      bare.push(performance.now() - asked);
      return answer;
    },
  };
  return {
    model,
    own,
    bare,
    parts,
    async atStep({ step }: { readonly step: string }) {
      if (step !== 'advise') return;
      begun = performance.now();
      heardAt = 0;
      missing = 2;
    },
    /** A call is over when its step and its settlement are on the stream, whichever comes last. */
    heard({ message }: Stored) {
      if (message.type === 'agent.said' && isOpen) {
        parts.push(performance.now() - heardAt);
        isOpen = false;
        goOn();
      }
      const isStep = message.type === 'task.stepped' && message.data.step.usage !== undefined;
      if (!isStep && message.type !== 'money.settled') return;
      missing -= 1;
      if (missing === 0) own.push(performance.now() - begun - (bare.at(-1) ?? 0));
    },
  };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? 0;
}

/** @param converses a copy of what is sent is kept, as in a company that asks a real model */
async function measure(sync: 'fast' | 'always', converses = true): Promise<Measured> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-bench-call-'));
  const server = await startServer({ storeDir, sync });
  const script = createScript();
  const provider = await modelServer(...script.turns);
  try {
    const clock = new RealClock();
    const owner = { workspace: storeDir, kind: 'scenario' as const, fresh: true };
    const bus = await openJetStreamBus({ servers: server.url, company: 'bench', clock, owner });
    const watch = createStopwatch(await modelOf(provider, clock), converses, script.goOn);
    const thinking = () => ({ model: watch.model });
    const bench = await openBench(bus, clock, watch.heard, { thinking, atStep: watch.atStep });
    for (let n = 0; n < script.turns.length; n += 1) await bench.lone();
    await bench.close();
    await bus.close();
    const own = watch.own.slice(WARM_UP, WARM_UP + CALLS);
    const bare = watch.bare.slice(WARM_UP, WARM_UP + CALLS);
    const [ownMs, p95Ms, bareMs] = [quantile(own, 0.5), quantile(own, 0.95), quantile(bare, 0.5)];
    return { ownMs, p95Ms, bareMs, partMs: quantile(watch.parts, 0.5), worstPartMs: quantile(watch.parts, 0.99) };
  } finally {
    await provider.close();
    await server.stop();
    await rm(storeDir, { recursive: true, force: true });
  }
}

export async function measureCalls(): Promise<readonly Row[]> {
  const rows = (name: string, { ownMs, p95Ms, bareMs, partMs, worstPartMs }: Measured): Row[] => [
    {
      what: `${name}: our own part of a model call, median`,
      value: `${ownMs.toFixed(2)} ms`,
      reference: `bare call ${bareMs.toFixed(2)} ms; P95 ${p95Ms.toFixed(2)} ms`,
      goal: 'under 5 ms',
    },
    {
      what: `${name}: first streamed part on the stream after`,
      value: `${partMs.toFixed(1)} ms`,
      reference: `longest of ${STREAMED}: ${worstPartMs.toFixed(1)} ms`,
      goal: 'under 100 ms',
    },
  ];
  const bare = await measure('fast', false);
  return [
    ...rows('JetStream', await measure('fast')),
    {
      what: 'JetStream: the same, no copy of what is sent kept',
      value: `${bare.ownMs.toFixed(2)} ms`,
      reference: `bare call ${bare.bareMs.toFixed(2)} ms; P95 ${bare.p95Ms.toFixed(2)} ms`,
    },
    ...rows('JetStream, disk synced', await measure('always')),
    ...(await measureWaiting()),
  ];
}
