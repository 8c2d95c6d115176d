// Two minutes of chaos, one on each server: real processes are killed, paused, cut off and delayed while work comes in.
// `npm run chaos -- --minutes 60 --seed 7` goes on for longer.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { otherServer, usualServer } from '../fixtures/servers.ts';
import { runChaos } from './chaos.ts';

/** Of both servers together. */
const SECONDS = Number(process.env.HEADCOUNT_CHAOS_SECONDS ?? 120);
const SEED = Number(process.env.HEADCOUNT_CHAOS_SEED ?? Date.now() % 1_000_000);

const usual = await usualServer();
const other = await otherServer();

async function survive(binary: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'headcount-chaos-'));
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const result = await runChaos({ binary, seed: SEED, lengthMs: SECONDS * 500, dir, say });
  const { faults, kept, tasks, blows } = result;
  const again = `npm run chaos -- --minutes ${SECONDS / 120} --seed ${SEED}; the stream: ${kept}\n${said.join('\n')}`;
  expect(faults, again).toEqual([]);
  expect(tasks).toBeGreaterThan(0);
  expect(Object.keys(blows).length).toBeGreaterThan(0);
  await rm(dir, { recursive: true, force: true, maxRetries: 10 });
}

const limit = { timeout: SECONDS * 500 + 300_000 };

describe('a company of real processes that is beaten while it works ends its work, once', () => {
  test(`nats-server ${usual.version}`, limit, () => survive(usual.path));

  const why = 'path' in other ? other.version : `of another age, which is not to be had: ${other.missing}`;
  test.skipIf('missing' in other)(`nats-server ${why}`, limit, () => survive('path' in other ? other.path : ''));
});
