import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealClock } from '../bus/clock.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import { type RunningServer, startServer } from '../bus/server/launcher.ts';
import { subjects } from '../bus/subjects.ts';
import { anApproval, aTask } from '../tests/fixtures/story.ts';
import { openTerminal, type Terminal, type TerminalOptions } from '../tests/fixtures/terminal.ts';
import { main } from './main.ts';
import { removeRunFile, storeDirOf, writeRunFile } from './run-file.ts';

// A workspace in which a company of one task has run on a real server.

let workspace = '';

const serve = (): Promise<RunningServer> => startServer({ storeDir: storeDirOf(workspace), sync: 'fast' });

const open = (server: RunningServer, company = 'acme') =>
  openJetStreamBus({
    servers: server.url,
    company,
    clock: new RealClock(),
    owner: { workspace, kind: 'scenario' },
  });

beforeAll(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'headcount-store-'));
  const server = await serve();
  const bus = await open(server);
  await bus.publish(subjects.task('T1'), {
    id: 'task.T1.created',
    type: 'task.created',
    source: 'cto',
    data: { task: aTask('T1', { title: 'Store links' }) },
  });
  await bus.publish(subjects.approval('A1'), {
    id: 'approval.A1',
    type: 'approval.asked',
    source: 'hr',
    data: anApproval({ task: 'T1' }),
  });
  await bus.close();
  await server.stop();
});

afterAll(() => rmSync(workspace, { recursive: true, force: true }));

function terminalFor(line: string, options: Partial<TerminalOptions> = {}): { argv: string[]; terminal: Terminal } {
  const argv = line.split(' ');
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME };
  return { argv, terminal: openTerminal(argv, { cwd: workspace, env, now: Date.now(), ...options }) };
}

async function headcount(line: string) {
  const { argv, terminal } = terminalFor(line);
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), stdout: terminal.stdout(), stderr: terminal.stderr() };
}

test('a company that has ended can still be read from its store', async () => {
  const { code, stdout, stderr } = await headcount('status');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('acme   not running');
  expect(stdout).toContain('headcount answer A1 a');
});

test('its store is served again for each reader', async () => {
  expect((await headcount('why T1')).stdout).toContain('Store links');
});

test('it can be answered, once, for when it runs again', async () => {
  const first = await headcount('answer A1 b --by eva');
  const second = await headcount('answer A1 a --by max');
  expect([first.code, first.stdout]).toEqual([0, 'answered A1: b SQLite\n']);
  expect(first.stderr).toContain('not running');
  expect([second.code, second.stdout]).toEqual([1, 'too late: eva had answered A1: b SQLite\n']);
});

test('what is written from a terminal has the time of a company that ran ahead of the wall', async () => {
  const server = await serve();
  const ahead = new RealClock(1, Date.now() + 7_200_000);
  const owner = { workspace, kind: 'scenario' } as const;
  const bus = await openJetStreamBus({ servers: server.url, company: 'fast', clock: ahead, owner });
  await bus.publish(subjects.approval('A1'), {
    id: 'approval.A1',
    type: 'approval.asked',
    source: 'hr',
    data: anApproval(),
  });
  await bus.close();
  await server.stop();
  expect((await headcount('answer A1 b --company fast')).code).toBe(0);
  const { stdout } = await headcount('audit --company fast --json');
  expect(JSON.parse(stdout).violations).not.toContainEqual(expect.objectContaining({ invariant: 'I3' }));
  writeFileSync(join(workspace, 'none.jsonl'), '');
  expect((await headcount('answer A1 b --from none.jsonl')).code).toBe(2);
});

test('a reader is told what does not exist', async () => {
  expect(await headcount('log --task T9 --company acme')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean T1?'),
  });
  expect((await headcount('log --agent nobody --company acme')).code).toBe(2);
});

test('with --json nothing but JSON is on standard error', async () => {
  const { code, stderr } = await headcount('why T9 --json');
  expect([code, JSON.parse(stderr).error.code]).toEqual([2, 'USAGE']);
});

test('a running company is found by its note, and tapped as it speaks', async () => {
  const server = await serve();
  const bus = await open(server);
  writeRunFile(workspace, { url: server.url, company: 'acme', pid: process.pid });
  try {
    const { argv, terminal } = terminalFor('tap brain.> --all --count 2 --json');
    const tapping = main(argv, terminal.context);
    for (const n of [1, 2, 3]) {
      await bus.publish('brain.metric', {
        id: `metric.${n}`,
        type: 'brain.metric',
        source: 'finance',
        data: { name: 'users', value: n },
      });
    }
    expect(await tapping).toBe(0);
    const values = terminal
      .stdout()
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).data.value);
    expect(values).toEqual([1, 2]);
    expect((await headcount('status')).stdout).toContain('lag 0');
  } finally {
    removeRunFile(workspace, process.pid);
    await bus.close();
    await server.stop();
  }
});

test('Ctrl+C ends a tap quietly', async () => {
  const server = await serve();
  const bus = await open(server);
  writeRunFile(workspace, { url: server.url, company: 'acme', pid: process.pid });
  try {
    let heard = () => {};
    const first = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const { argv, terminal } = terminalFor('tap --all', { onOut: () => heard() });
    const tapping = main(argv, terminal.context);
    await first;
    terminal.pressCtrlC();
    expect([await tapping, terminal.stderr()]).toEqual([0, '']);
  } finally {
    removeRunFile(workspace, process.pid);
    await bus.close();
    await server.stop();
  }
});

test('of two companies on a server, the one asked for is read', async () => {
  const server = await serve();
  const other = await open(server, 'globex');
  await other.publish('brain.mission', {
    id: 'mission',
    type: 'brain.mission',
    source: 'operator',
    data: { text: 'x' },
  });
  await other.close();
  await server.stop();
  expect((await headcount('status --company acme')).stdout).toContain('acme');
  const { stdout, stderr } = await headcount('status');
  expect(stdout).toContain('globex');
  expect(stderr).toContain('acme');
  expect(await headcount('status --company initech')).toMatchObject({ code: 2 });
});

test('the note of a process that died is ignored', async () => {
  writeRunFile(workspace, { url: 'nats://127.0.0.1:1', company: 'acme', pid: 2 ** 30 });
  expect((await headcount('tasks --company acme')).code).toBe(0);
});
