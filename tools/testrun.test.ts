import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plainSandbox, productsIn, realSandbox, START, scratch, shop, signal } from './fixture.ts';
import { openSandbox } from './sandbox.ts';
import { runTests, testLimits } from './testrun.ts';

const contained = await realSandbox();
const plain = await plainSandbox();

function folder(files: Record<string, string>): string {
  const dir = scratch();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

const failing = {
  'package.json': '{"type":"module","scripts":{"test":"node --test"}}',
  'test/a.test.js': `import { test, describe } from 'node:test'; import assert from 'node:assert/strict';
    test('adds', () => {});
    describe('a group', () => { test('subtracts', () => assert.equal(2 - 1, 0)); });
    test('talks', async () => { const s = (await import('node:http')).createServer(); await new Promise((r) => s.listen(0, r));
      console.log('port', s.address().port, 'pid', process.pid, new Date().toISOString(), process.cwd()); s.close(); });`,
  'test/b.test.js': "import './missing.js';",
};

describe.each([
  ['bubblewrap', contained],
  ['a plain process group', plain],
])('tests in %s', (_, sandbox) => {
  test.skipIf(sandbox.kind === 'refused')('give the same words every time', async () => {
    const runs = [];
    for (let run = 0; run < 2; run += 1) {
      runs.push(await runTests(sandbox, folder(failing), ['npm', 'test', '--silent'], testLimits, signal));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]).toMatchObject({
      ok: false,
      outcome: 'failed',
      summary: '2 passed, 2 failed: subtracts; test/b.test.js',
    });
    expect(runs[0]?.tail.length).toBeLessThanOrEqual(4096);
    expect(runs[0]?.tail).not.toMatch(/headcount-tools|\/home|\d+\.\d+ ?ms/);
  });
});

test.each([['tap'], ['spec']])('what a test prints about itself is not counted (%s)', async (reporter) => {
  const boasting = `import { test } from 'node:test';
    console.log(['pass 999', 'fail 0', 'ℹ pass 999', 'ℹ fail 0'].join('\\n'));
    test('one', () => {});`;
  const argv = ['node', '--test', `--test-reporter=${reporter}`];
  const run = await runTests(plain, folder({ 'test/a.test.mjs': boasting }), argv, testLimits, signal);
  expect(run).toMatchObject({ ok: true, summary: '1 passed' });
});

test('the words are the same with and without a sandbox', async () => {
  const both = [];
  for (const sandbox of [contained, plain]) {
    both.push(await runTests(sandbox, folder(failing), ['node', '--test'], testLimits, signal));
  }
  if (contained.kind === 'bwrap') expect(both[0]).toEqual(both[1]);
});

test('a run says why it was ended, or never began', async () => {
  const dir = folder({ 'spin.js': 'setInterval(() => {}, 1000)' });
  const quick = { ...testLimits, timeoutMs: 300 };
  expect(await runTests(plain, dir, ['node', 'spin.js'], quick, signal)).toEqual({
    ok: false,
    outcome: 'timeout',
    summary: 'ended after 0.3 s: the tests did not finish',
    tail: '',
  });
  expect(await runTests(plain, dir, ['no-such-program'], testLimits, signal)).toMatchObject({ outcome: 'missing' });
  const cacheDir = folder({ debian: '' });
  const refusing = await openSandbox({ mode: 'required', scripted: false, cacheDir, env: { PATH: '' } });
  const refused = await runTests(refusing, dir, ['node', 'spin.js'], testLimits, signal);
  expect(refused).toMatchObject({ ok: false, outcome: 'no-sandbox' });
  expect(refused.summary).not.toContain(cacheDir);
  await expect(
    runTests(plain, dir, ['node', 'spin.js'], testLimits, AbortSignal.abort(new Error('stop'))),
  ).rejects.toThrow('stop');
});

test('what tests do to the sources is never committed', async () => {
  const products = productsIn(scratch(), plain);
  const { head } = await products.ensure(shop, START);
  const clone = await products.openClone('shop', 'T1', 'agent/T1/greet');
  const content = "const fs = require('fs'); fs.writeFileSync('main.cjs', 'evil'); fs.symlinkSync('/etc', 'etc');";
  await products.apply(clone, [{ path: 'main.cjs', content }], head);
  expect(await products.test(clone, ['node', 'main.cjs'], signal)).toMatchObject({
    ok: true,
    summary: 'the test command passed',
  });
  const commit = (await products.commit(clone, { message: 'x', author: 'a', at: START })) ?? '';
  await products.repos.take(clone);
  expect(await products.list('shop', commit)).toEqual(['.gitignore', 'README.md', 'main.cjs']);
  expect(await products.read('shop', commit, 'main.cjs')).toBe(content);
});
