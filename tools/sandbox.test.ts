import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alive, plainSandbox, realSandbox, scratch, signal } from './fixture.ts';
import type { Ended, Limits } from './process.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const contained = await realSandbox();
const plain = await plainSandbox();
const limits: Limits = { timeoutMs: 20_000, memoryBytes: 600_000_000, outputBytes: 100_000 };

/** Runs a script of CommonJS in a folder of its own. */
async function run(sandbox: Sandbox, script: string, given: Partial<Limits> = {}, abort?: AbortSignal): Promise<Ended> {
  const dir = scratch();
  writeFileSync(join(dir, 'main.cjs'), script);
  const ended = await sandbox.run({
    argv: ['node', 'main.cjs'],
    dir,
    limits: { ...limits, ...given },
    signal: abort ?? signal,
  });
  if (!ended) throw new Error('refused');
  return ended;
}

/** The kernel ends what was in a sandbox a moment after the sandbox itself has ended. */
async function gone(text: string): Promise<void> {
  await expect.poll(() => alive(text), { interval: 5 }).toBe(0);
}

describe.skipIf(contained.kind !== 'bwrap')('bubblewrap', () => {
  test('shows a program its own folder, and nothing of ours', async () => {
    const ended = await run(
      contained,
      `const fs = require('fs'), os = require('os');
       const can = (f) => { try { f(); return true } catch { return false } };
       fs.writeFileSync('made.txt', 'x');
       console.log(JSON.stringify({
         cwd: process.cwd(), env: Object.keys(process.env).sort(), home: can(() => fs.readdirSync('/root')),
         shadow: can(() => fs.readFileSync('/etc/shadow')), usr: can(() => fs.writeFileSync('/usr/x', '')),
         user: os.userInfo().username, processes: fs.readdirSync('/proc').filter((n) => /^[0-9]+$/.test(n)).length < 6,
       }))`,
    );
    expect(ended).toMatchObject({ outcome: 'ended', code: 0 });
    expect(JSON.parse(ended.stdout)).toEqual({
      cwd: '/home/task',
      env: ['CI', 'HOME', 'LANG', 'PATH', 'PWD', 'TZ'],
      home: false,
      shadow: false,
      usr: false,
      user: 'task',
      processes: true,
    });
  });

  test('has no network: neither the world, nor a server on this machine', async () => {
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const ended = await run(
      contained,
      `const said = [];
       const tell = (word) => { said.push(word); if (said.length === 2) console.log(said.sort().join(' ')) };
       require('net').connect(${port}, '127.0.0.1').on('error', (e) => tell(e.code)).on('connect', () => tell('open'));
       require('net').connect(53, '9.9.9.9').on('error', (e) => tell(e.code)).on('connect', () => tell('open'));`,
    );
    server.close();
    expect(ended.stdout.trim()).toBe('ECONNREFUSED ENETUNREACH');
  });

  test('has a loopback of its own, with a localhost, fetch and npm', async () => {
    const ended = await run(
      contained,
      `require('http').createServer((q, s) => s.end('hi')).listen(3000, 'localhost', async () => {
         console.log(await (await fetch('http://localhost:3000')).text());
         require('child_process').execFile('npm', ['--version'], (e, out) => { console.log(e ? e.message : out.length > 2); process.exit(0) });
       })`,
    );
    expect(ended.stdout).toBe('hi\ntrue\n');
  });

  test('says when the program does not exist', async () => {
    const dir = scratch();
    expect(await contained.run({ argv: ['no-such-program'], dir, limits })).toMatchObject({ outcome: 'missing' });
  });
});

describe.each([
  ['bubblewrap', contained],
  ['a plain process group', plain],
])('%s', (_, sandbox) => {
  const it = test.skipIf(sandbox.kind === 'refused');

  // A grandchild in a session of its own, with its output closed: nothing but a search finds it.
  const orphan = (tag: string, then: string) => `
    const { spawn } = require('child_process');
    const child = spawn('setsid', ['sleep', '${tag}'], { detached: true, stdio: 'ignore' });
    child.unref();
    child.on('spawn', () => setTimeout(() => { console.log('ready'); ${then} }, 200));`;

  it('leaves no process when the program ends', async () => {
    const ended = await run(sandbox, orphan('86011', 'process.exit(3)'));
    expect(ended).toMatchObject({ outcome: 'ended', code: 3, stdout: 'ready\n' });
    await gone('86011');
  });

  it('ends the whole tree at the time limit', async () => {
    const ended = await run(sandbox, orphan('86012', 'setInterval(() => {}, 1000)'), { timeoutMs: 1_000 });
    expect(ended.outcome).toBe('timeout');
    await gone('86012');
  });

  it('ends what ignores being asked to end', async () => {
    const ended = await run(sandbox, "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)", {
      timeoutMs: 500,
    });
    expect(ended.outcome).toBe('timeout');
  });

  it('ends the whole tree at the output limit', async () => {
    const ended = await run(sandbox, orphan('86013', "setInterval(() => console.log('x'.repeat(9999)), 1)"));
    expect(ended.outcome).toBe('output');
    expect(ended.stdout.length).toBeLessThanOrEqual(limits.outputBytes);
    await gone('86013');
  });

  it('ends the whole tree when a child of it takes too much memory', async () => {
    const hog = `const all = []; setInterval(() => all.push(Buffer.alloc(2e7, 1)), 20)`;
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hog)}]); setInterval(() => {}, 1e3)`;
    const ended = await run(sandbox, script, { memoryBytes: 250_000_000 });
    expect(ended.outcome).toBe('memory');
  });

  it('ends the whole tree when it is aborted', async () => {
    const abort = new AbortController();
    const running = run(sandbox, orphan('86014', 'setInterval(() => {}, 1000)'), {}, abort.signal);
    const timer = setInterval(() => alive('86014') > 0 && abort.abort(), 20);
    expect((await running).outcome).toBe('aborted');
    clearInterval(timer);
    await gone('86014');
  });
});

test('without bubblewrap, only a scenario or the operator may run anything', async () => {
  const cacheDir = scratch();
  mkdirSync(join(cacheDir, 'sandbox'));
  // A file where the package would go: it cannot be fetched here.
  writeFileSync(join(cacheDir, 'debian'), '');
  const nowhere = { cacheDir, env: { PATH: '' } };
  const refused = await openSandbox({ mode: 'required', scripted: false, ...nowhere });
  expect(refused.kind).toBe('refused');
  expect(await refused.run({ argv: ['node'], dir: cacheDir, limits })).toBeUndefined();
  const scripted = await openSandbox({ mode: 'required', scripted: true, ...nowhere });
  expect(scripted.kind).toBe('none');
  expect(scripted.reason).toContain('without a sandbox');
});
