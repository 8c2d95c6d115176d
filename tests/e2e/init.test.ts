// The questions of `headcount init`, as a person meets them: in a terminal, typed.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { modelServerWith } from '../fixtures/model-server.ts';
import { hasTerminals, type Running, Workspace } from './process.ts';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const start = (line = 'init shop') => workspace.start(line.split(' '), { terminal: true });
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** Answers each question when it is asked; the last part of a question is what is waited for. */
async function answer(running: Running, ...answers: readonly (readonly [question: string, keys: string])[]) {
  for (const [question, keys] of answers) {
    await running.says(new RegExp(`${question}.*\\]: `));
    running.type(keys);
  }
  return running.ended;
}

const questions = (text: string) => text.match(/\[[^\]\n]+\]: /g)?.length;

describe.skipIf(!hasTerminals)('in a terminal (skipped without the script of util-linux), init', () => {
  test('asks three questions, and the answers count', async () => {
    const running = start();
    const { code } = await answer(running, ['name', 'corner-shop\r'], ['template', 'solo\r'], ['workers', 'claude\r']);
    expect(code).toBe(0);
    expect(questions(running.written())).toBe(3);
    expect(workspace.read('shop', 'org', 'org.yaml')).toContain("company: 'corner-shop'");
    expect(running.written()).toContain('export ANTHROPIC_API_KEY=... && headcount up');
  });

  test('takes what is usual for an empty answer', async () => {
    const running = start();
    const { code } = await answer(running, ['name', '\r'], ['template', '\r'], ['workers', '\r']);
    expect([code, questions(running.written())]).toEqual([0, 3]);
    expect(workspace.read('shop', 'org', 'org.yaml')).toContain("company: 'shop'");
    expect(running.written()).not.toContain('API_KEY');
  });

  test('takes what is usual from the end of the input on', async () => {
    const running = start();
    const { code } = await answer(running, ['name', 'corner\r'], ['template', CTRL_D]);
    expect(code).toBe(0);
    expect(workspace.read('shop', 'org', 'org.yaml')).toContain("company: 'corner'");
  });

  test('asks again what it cannot read, and says what it would understand', async () => {
    const running = start();
    const { code } = await answer(
      running,
      ['name', 'Corner Shop\r'],
      ['is no name for a company[\\s\\S]*name', 'corner\r'],
      ['template', 'softwre\r'],
      ['did you mean "software"[\\s\\S]*template', 'software\r'],
      ['workers', 'http://127.0.0.1:1/v1\r'],
      ['no connection[\\s\\S]*name the model[\\s\\S]*workers', 'http://127.0.0.1:1/v1 qwen3\r'],
    );
    expect(code).toBe(0);
    expect(workspace.read('shop', 'org', 'org.yaml')).toContain('coding: ["server/qwen3"]');
  });

  test('asks nothing that an option says', async () => {
    const running = start('init shop --name corner --template solo');
    const { code } = await answer(running, ['workers', '\r']);
    expect([code, questions(running.written())]).toEqual([0, 1]);
  });

  test.each([
    ['the first question', []],
    ['the last question', [['name', 'corner\r'] as const, ['template', 'solo\r'] as const]],
  ])('leaves nothing behind when Ctrl+C is pressed at %s', async (_, before) => {
    const running = start();
    const last = before.length === 0 ? 'name' : 'workers';
    const { code } = await answer(running, ...before, [last, CTRL_C]);
    expect(code).toBe(2);
    expect(running.written()).toContain('interrupted; nothing was written');
    expect(workspace.has('shop')).toBe(false);
  });

  test('takes the address of a server for an answer, and its company is ready to think with it', async () => {
    const server = await modelServerWith({ models: ['text-embedder', 'qwen3'] });
    const running = start();
    const { code } = await answer(running, ['name', '\r'], ['template', '\r'], ['workers', `${server.url}/v1\r`]);
    await server.close();
    expect([code, questions(running.written())]).toEqual([0, 3]);
    const checked = await workspace.run('org check', { folder: 'shop' });
    expect(checked.out).toMatch(/^ok {2}org\/org\.yaml/);
    expect(workspace.read('shop', 'org', 'org.yaml')).toContain('coding: ["server/qwen3"]');
    const up = workspace.start(['up'], { folder: 'shop' });
    await up.says(/strategy server\/qwen3, coding server\/qwen3, light server\/qwen3/);
    up.kill('SIGINT');
    expect((await up.ended).code).toBe(0);
  });

  test('leaves nothing behind when Ctrl+C is pressed while a server thinks about its list', async () => {
    const { createServer } = await import('node:http');
    let asked = () => {};
    const came = new Promise<void>((resolve) => (asked = resolve));
    const silent = createServer(() => asked());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const running = start('init shop --name corner --template solo');
    await running.says(/workers.*\]: /);
    running.type(`http://127.0.0.1:${port}/v1\r`);
    await came;
    running.type(CTRL_C);
    const { code } = await running.ended;
    silent.closeAllConnections();
    silent.close();
    expect([code, workspace.has('shop')]).toEqual([2, false]);
  });
});
