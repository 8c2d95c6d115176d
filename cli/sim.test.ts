// `headcount sim` as it is typed: what it prints, writes and ends with. What it finds is tests/simulation/.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSummary } from '../simulator/summary.ts';
import { openTerminal, type Terminal } from '../tests/fixtures/terminal.ts';
import { faultList } from './commands/sim.ts';
import { main } from './main.ts';
import { simJunit } from './views/sim-text.ts';

const RUNS = ['sim', 'scenarios/escalation.yaml', '--jobs', '1', '--faults', 'none'];

function typed(...words: string[]): { terminal: Terminal; dir: string; ended: () => Promise<number> } {
  const dir = mkdtempSync(join(tmpdir(), 'headcount-sim-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'file'), '');
  const argv = [...RUNS, ...words];
  const terminal = openTerminal(argv, { cwd: dir });
  return { terminal, dir, ended: async () => (await main(argv, terminal.context)) || terminal.exit() };
}

test('simulated runs end with a summary, and the same as JUnit', async () => {
  const { terminal, dir, ended } = typed('--seeds', '1..2', '--junit', 'sim.xml');
  expect(await ended()).toBe(0);
  expect(terminal.stdout()).toMatch(/^2 runs {3}.* simulated in /);
  expect(terminal.stdout()).toContain('violations  none');
  expect(terminal.stdout()).not.toContain('interrupted');
  const xml = readFileSync(join(dir, 'sim.xml'), 'utf8');
  expect(xml).toContain('tests="1" failures="0"');
  expect(xml).toContain('name="2 runs without violation"');
});

test('JUnit has a case for each seed that failed, each finding on a line of its own', () => {
  const violations = ['<lost>', 'late'].map((detail) => ({ invariant: 'I4', seq: 9, subject: 'task.T1', detail }));
  const run = {
    messages: 9,
    virtualMs: 0,
    cost: 0,
    workMs: 0,
    stops: 0,
    strikes: [],
    processes: 1,
    healAfterMs: 0,
    taken: [],
  };
  const runs = createSummary([]);
  runs.add({ ...run, seed: 6, violations: [] });
  runs.add({ ...run, seed: 7, violations });
  const found = [{ seed: 7, reproduce: 'headcount sim x.yaml --seed 7', scenario: undefined, strikes: 2 }];
  expect(
    simJunit('x', { ...runs.summary(), asked: 2, found, wallMs: 1_500 })
      .split('\n')
      .slice(1),
  ).toEqual([
    '<testsuite name="headcount sim x" tests="2" failures="1" time="1.500">',
    '  <testcase classname="x" name="1 run without violation"/>',
    '  <testcase classname="x" name="seed 7"><failure message="I4 at 9 on task.T1: &#60;lost&#62;">I4 at 9 on task.T1: &#60;lost&#62;',
    'I4 at 9 on task.T1: late',
    'headcount sim x.yaml --seed 7</failure></testcase>',
    '</testsuite>',
    '',
  ]);
});

test('an interrupted row of runs is no success: it says how many were left, also to machines', async () => {
  const { terminal, dir, ended } = typed('--seeds', '1..500', '--junit', 'sim.xml');
  terminal.pressCtrlC();
  expect(await ended()).toBe(1);
  expect(terminal.stdout()).toContain('interrupted after 0 of 500 runs');
  expect(readFileSync(join(dir, 'sim.xml'), 'utf8')).toMatch(
    /failures="1"[\s\S]*<failure message="interrupted after 0 of/,
  );

  const json = typed('--seeds', '1..500', '--json');
  json.terminal.pressCtrlC();
  expect(await json.ended()).toBe(1);
  expect(JSON.parse(json.terminal.stdout())).toMatchObject({ runs: 0, asked: 500 });
});

test.each([
  ['--junit', 'missing/sim.xml'],
  ['--found', 'file/found'],
])('what %s cannot write is refused before the first run', async (option, path) => {
  const { terminal, ended } = typed('--seeds', '1..500', option, path);
  expect(await ended()).toBe(5);
  expect(terminal.stdout()).toBe('');
  expect(terminal.stderr()).toMatch(/^error: cannot write \S+(sim\.xml|found)\n[\s\S]*next: /);
});

test('all and none stand alone in a list of faults, and a misspelt one is told the nearest', () => {
  expect(() => faultList('crash,all')).toThrow('all stands alone');
  expect(() => faultList('crash,delya')).toThrow('did you mean "delay"?');
});
