import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealClock } from '../bus/clock.ts';
import { exportLines } from '../bus/export.ts';
import { MemoryBus } from '../bus/memory.ts';
import { morning } from '../tests/fixtures/story.ts';
import { openTerminal, type TerminalOptions } from '../tests/fixtures/terminal.ts';
import { commandTable, nameOf } from './commands/table.ts';
import { main } from './main.ts';

let dir = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'headcount-cli-'));
  const bus = MemoryBus.load('acme', new RealClock(), morning().history);
  const lines: string[] = [];
  for await (const line of exportLines(bus)) lines.push(line);
  writeFileSync(join(dir, 'acme.jsonl'), lines.join(''));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function headcount(line: string, options: Partial<TerminalOptions> = {}) {
  const argv = line.split(' ').filter((word) => word !== '');
  const terminal = openTerminal(argv, { cwd: dir, ...options });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), stdout: terminal.stdout(), stderr: terminal.stderr() };
}

describe('help', () => {
  test('lists every command, and the exit codes', async () => {
    const { code, stdout } = await headcount('--help');
    expect(code).toBe(0);
    for (const row of commandTable) expect(stdout).toContain(nameOf(row));
    expect(stdout).toContain('Exit codes: 0 ok');
    for (const text of stdout.split('\n')) expect(text.length).toBeLessThanOrEqual(100);
  });

  test('without a command is the same', async () => {
    expect((await headcount('')).stdout).toBe((await headcount('--help')).stdout);
  });

  test.each(['tap --help', 'help tap'])('of one command shows its options: %s', async (line) => {
    const { code, stdout } = await headcount(line);
    expect(code).toBe(0);
    expect(stdout).toContain('--count <n>');
  });

  test('the version is the package version', async () => {
    expect((await headcount('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('usage errors', () => {
  test('an unknown command exits with 2 and names the nearest', async () => {
    const { code, stdout, stderr } = await headcount('statsu');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe("error: unknown command 'statsu'\nnext:  did you mean status? headcount --help lists all\n");
  });

  test('an unknown option exits with 2 and names the nearest', async () => {
    const { code, stderr } = await headcount('tasks --roel backend');
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean --role? headcount tasks --help');
  });

  test.each([
    ['a missing argument', 'why', "missing required argument 'task'"],
    ['a value out of a choice', 'tasks --status nice', 'Allowed choices are open'],
    ['a count that is none', 'tap --count many', 'Expected a whole number from 1'],
    ['two buses', 'run x.yaml --bus memory --nats nats://127.0.0.1:1', '--bus memory uses no server'],
    ['two clocks', 'run x.yaml --clock virtual --speed 2', '--speed is for the real clock'],
    ['an argument too many', 'status now', 'too many arguments'],
  ])('%s is one', async (_, line, said) => {
    const { code, stderr } = await headcount(line);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    expect(stderr).toContain('next:');
    expect(stderr).not.toContain('at ');
  });

  test('with --json an error is JSON on standard error', async () => {
    const { stdout, stderr } = await headcount('why T99 --from acme.jsonl --json');
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'USAGE', what: 'acme has no task T99', next: 'headcount tasks', exit: 2 },
    });
  });

  test('an escape sequence in the command line is not echoed', async () => {
    expect((await headcount('\u001b[31mred')).stderr).not.toContain('\u001b');
  });
});

describe('reading an export', () => {
  test.each(['status', 'tasks', 'why T1', 'log', 'tap --all'])('%s says what happened', async (line) => {
    const { code, stdout, stderr } = await headcount(`${line} --from acme.jsonl`);
    expect([code, stdout.length > 50, stdout.includes('\u001b')]).toEqual([0, true, false]);
    expect(stderr).not.toContain('error');
    for (const text of stdout.split('\n')) expect([...text].length).toBeLessThanOrEqual(80);
  });

  test.each(['status', 'tasks', 'why T1'])('%s --json is one JSON value', async (line) => {
    const { stdout } = await headcount(`${line} --from acme.jsonl --json`);
    expect(() => JSON.parse(stdout)).not.toThrow();
  });

  test.each(['log', 'tap'])('%s --json is one CloudEvents message a line', async (line) => {
    const { stdout } = await headcount(`${line} --from acme.jsonl --json`);
    const messages = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(messages).toHaveLength(morning().history.length);
    expect(messages.every(({ specversion }) => specversion === '1.0')).toBe(true);
  });

  test('tasks are filtered by status and role', async () => {
    const { stdout } = await headcount('tasks --status open --role frontend --from acme.jsonl --json');
    expect(JSON.parse(stdout)).toMatchObject([{ id: 'T3' }]);
  });

  test('why takes an id as people type it', async () => {
    expect((await headcount('why t1 --from acme.jsonl')).stdout).toMatch(/^T1 {2}Store links/);
  });

  test('log keeps to an agent, a task and a tail', async () => {
    const { stdout } = await headcount('log --agent frontend --from acme.jsonl');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((text) => text.slice(24, 45).trim()),
    ).toEqual(['approves', 'working']);
    expect((await headcount('log --task T2 --tail 1 --from acme.jsonl')).stdout).toContain('A1 Which database');
  });

  test('tap ends after its count and keeps to its pattern', async () => {
    const { stdout } = await headcount('tap acme.task.> --count 2 --json --from acme.jsonl');
    const subjects = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).subject);
    expect(subjects).toEqual(['task.T1', 'task.T1']);
  });

  test.each(['a..b', 'task.>.x', 'ta*sk', 'a.b.'])('%s is no pattern', async (pattern) => {
    expect((await headcount(`tap ${pattern} --from acme.jsonl`)).code).toBe(2);
  });

  test('a terminal gets colour, NO_COLOR none', async () => {
    const line = 'status --from acme.jsonl';
    expect((await headcount(line, { isTTY: true })).stdout).toContain('\u001b[');
    expect((await headcount(line, { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b[');
  });

  test('an export that was cut is an invalid file', async () => {
    writeFileSync(join(dir, 'cut.jsonl'), '{"seq":1');
    const { code, stderr } = await headcount('status --from cut.jsonl');
    expect([code, stderr]).toEqual([3, expect.stringContaining('line 1: cut off')]);
  });

  test('an export that is not there is an invalid file', async () => {
    expect((await headcount('status --from none.jsonl')).code).toBe(3);
  });

  test('an export cannot be answered', async () => {
    expect((await headcount('answer A1 a --from acme.jsonl')).code).toBe(2);
  });
});

test('where no company has run, a reader says how to run one', async () => {
  const { code, stderr } = await headcount('status');
  expect(code).toBe(5);
  expect(stderr).toBe('error: no company has run in this folder\nnext:  headcount run scenarios/first-product.yaml\n');
});

test('a server that does not answer is infrastructure, and its password is not shown', async () => {
  const { code, stderr } = await headcount('status --nats nats://me:secret@127.0.0.1:1');
  expect([code, stderr.includes('secret')]).toEqual([5, false]);
});

test('a scenario is not run where another one runs, whichever bus that is on', async () => {
  mkdirSync(join(dir, '.headcount', 'acme'), { recursive: true });
  writeFileSync(join(dir, '.headcount', 'acme', 'run.lock'), `${process.ppid}\n`);
  const { code, stderr } = await headcount('run scenarios/retry-ladder.yaml --bus memory');
  expect([code, stderr]).toEqual([5, expect.stringContaining(`already run by process ${process.ppid}`)]);
});
