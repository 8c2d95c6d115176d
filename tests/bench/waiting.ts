// What calls cost that wait: a thousand agents ask a provider at once, which turns all of them away for four minutes. Processor
// time of the company's process while they wait, beside that of the same company before anybody had asked.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { routedThinking } from '../../actors/routed-thinking.ts';
import { RealClock } from '../../bus/clock.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { benchOrg, openBench } from './company.ts';
import type { Row } from './main.ts';

/** A role has at most a hundred agents. */
const ROLES = Array.from({ length: 10 }, (_, n) => `worker${n + 1}`);
const AGENTS = 100;
const CALLS = ROLES.length * AGENTS;
/** Long enough to meet every rhythm of a company at work: deliveries are kept alive every ten seconds. */
const WATCHED_MS = 15_000;
const SETTLE_MS = 5_000;
const RETRY_AFTER_S = 240;

/** A provider that lets everybody wait until all have asked, and then turns them away. */
async function busyProvider() {
  const held: ServerResponse[] = [];
  let all = () => {};
  const full = new Promise<void>((resolve) => {
    all = resolve;
  });
  const server = createServer((request, response) => {
    request.resume();
    held.push(response);
    if (held.length === CALLS) all();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const body = JSON.stringify({ type: 'error', error: { type: 'rate_limit_error', message: 'too many' } });
  const headers = { 'content-type': 'application/json', 'retry-after': String(RETRY_AFTER_S) };
  return {
    url: `http://127.0.0.1:${port}`,
    full,
    turnAway: () => held.forEach((response) => void response.writeHead(429, headers).end(body)),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Milliseconds of processor time that this process takes in `WATCHED_MS`. */
async function watched(): Promise<number> {
  const before = process.cpuUsage();
  await sleep(WATCHED_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

export async function measureWaiting(): Promise<readonly Row[]> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-bench-waiting-'));
  const server = await startServer({ storeDir, sync: 'fast' });
  const provider = await busyProvider();
  try {
    const clock = new RealClock();
    const owner = { workspace: storeDir, kind: 'scenario' as const, fresh: true };
    const bus = await openJetStreamBus({ servers: server.url, company: 'bench', clock, owner });
    let waiting = 0;
    let all = () => {};
    const away = new Promise<void>((resolve) => {
      all = resolve;
    });
    const org = benchOrg({ workers: ROLES, instances: AGENTS, url: provider.url });
    const bench = await openBench(
      bus,
      clock,
      ({ message }) => {
        if (message.type !== 'task.failed') return;
        waiting += 1;
        if (waiting === CALLS) all();
      },
      { org, thinking: (world) => routedThinking({}, world) },
    );
    await sleep(SETTLE_MS);
    const idleMs = await watched();
    for (const role of ROLES) await bench.give(AGENTS, role);
    await provider.full;
    provider.turnAway();
    await away;
    await sleep(SETTLE_MS);
    const waitingMs = await watched();
    await bench.close();
    await bus.close();
    const share = (ms: number) => `${((ms / WATCHED_MS) * 100).toFixed(2)} %`;
    return [
      {
        what: `processor while ${CALLS} throttled calls wait`,
        value: share(waitingMs),
        reference: `of one core; at rest ${share(idleMs)}`,
        goal: 'as at rest',
      },
    ];
  } finally {
    provider.close();
    await server.stop();
    await rm(storeDir, { recursive: true, force: true });
  }
}
