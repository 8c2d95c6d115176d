// Whole companies: every scenario that ships with Headcount ends as it says, and the same seed gives the same stream.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunOptions } from '../cli/options.ts';
import { packageRoot } from '../cli/package-root.ts';
import { runScenario } from '../cli/run-scenario.ts';
import { played } from './fixtures/played.ts';
import { quietRun } from './fixtures/run-options.ts';
import { openTerminal } from './fixtures/terminal.ts';

/** real-wire is played in real-wire.test.ts, beside the scenario that it must end like. */
const all = (await readdir(join(packageRoot, 'scenarios')))
  .filter((name) => name.endsWith('.yaml') && name !== 'real-wire.yaml')
  .map((name) => basename(name, '.yaml'))
  .sort();

const defaults: RunOptions = { ...quietRun, scenario: '', out: undefined };

describe('scenarios', () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'headcount-scenarios-'));
  });
  afterAll(async () => {
    await rm(cwd, { recursive: true, force: true });
  });

  async function play(scenario: string, more: Partial<RunOptions> = {}) {
    const { context, stdout, stderr } = openTerminal(['--plain'], { cwd, env: process.env });
    const code = await runScenario({ ...defaults, scenario: join('scenarios', scenario), ...more }, context);
    return { code, output: stdout() + stderr() };
  }

  test.each(all)('%s ends as it says', async (scenario) => {
    const { code, output } = await played(scenario);
    expect(output).toMatch(/(\d+) of \1 expectations met/);
    expect(code).toBe(0);
  });

  test('the same seed gives the same stream, byte for byte', async () => {
    const streams = [];
    for (const out of ['a.jsonl', 'b.jsonl']) {
      await play('retry-ladder.yaml', { seed: 7, out });
      streams.push(await readFile(join(cwd, out), 'utf8'));
    }
    expect(streams[0]).not.toBe('');
    expect(streams[0]).toBe(streams[1]);
  });

  test.each(['retry-ladder', 'staffing'])('%s runs on a real nats-server as on the memory bus', async (name) => {
    const { code, output } = await play(`${name}.yaml`, { bus: 'jetstream' });
    expect(output).toMatch(/(\d+) of \1 expectations met/);
    expect(output).toContain('0 lost, 0 duplicated');
    expect(code).toBe(0);
  });
});
