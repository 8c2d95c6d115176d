// What Headcount itself adds to a model call: the brief, the reservation, the record of the answer and the settlement, each
// confirmed by JetStream, beside the bare call of the same run. The model answers at once.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../../brain/models/model.ts';
import type { Stored } from '../../bus/bus.ts';
import { RealClock } from '../../bus/clock.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { openBench, zeroModel } from './company.ts';
import type { Row } from './main.ts';

const WARM_UP = 50;
const CALLS = 200;

type Measured = { readonly ownMs: number; readonly p95Ms: number; readonly bareMs: number };

/** When each call began, when its last message came back from the stream, and how long the model itself took. */
function createStopwatch() {
  const own: number[] = [];
  const bare: number[] = [];
  let begun = 0;
  let missing = 0;
  const model: Model = {
    quote: (question) => zeroModel.quote(question),
    async think(question, signal) {
      const asked = performance.now();
      const answer = await zeroModel.think(question, signal);
      bare.push(performance.now() - asked);
      return answer;
    },
  };
  return {
    model,
    own,
    bare,
    async atStep({ step }: { readonly step: string }) {
      if (step !== 'advise') return;
      begun = performance.now();
      missing = 2;
    },
    /** A call is over when its step and its settlement are on the stream, whichever comes last. */
    heard({ message }: Stored) {
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

async function measure(sync: 'fast' | 'always'): Promise<Measured> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-bench-call-'));
  const server = await startServer({ storeDir, sync });
  try {
    const clock = new RealClock();
    const owner = { workspace: storeDir, kind: 'scenario' as const, fresh: true };
    const bus = await openJetStreamBus({ servers: server.url, company: 'bench', clock, owner });
    const watch = createStopwatch();
    const bench = await openBench(bus, clock, watch.heard, { model: watch.model, atStep: watch.atStep });
    for (let n = 0; n < WARM_UP + CALLS; n += 1) await bench.lone();
    await bench.close();
    await bus.close();
    const own = watch.own.slice(WARM_UP);
    return { ownMs: quantile(own, 0.5), p95Ms: quantile(own, 0.95), bareMs: quantile(watch.bare.slice(WARM_UP), 0.5) };
  } finally {
    await server.stop();
    await rm(storeDir, { recursive: true, force: true });
  }
}

export async function measureCalls(): Promise<readonly Row[]> {
  const row = (name: string, { ownMs, p95Ms, bareMs }: Measured): Row => ({
    what: `${name}: our own part of a model call, median`,
    value: `${ownMs.toFixed(2)} ms`,
    reference: `bare call ${bareMs.toFixed(3)} ms; P95 ${p95Ms.toFixed(2)} ms`,
    goal: 'under 5 ms',
  });
  const fast = await measure('fast');
  const always = await measure('always');
  return [row('JetStream', fast), row('JetStream, disk synced', always)];
}
