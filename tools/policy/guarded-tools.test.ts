import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { noTools } from '../../actors/fakes.ts';
import { MemoryBus } from '../../bus/memory.ts';
import type { Pull } from '../../bus/records.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { Conflict } from '../clone.ts';
import { gitIn, plainSandbox, productsIn, START, scratch, shop, signal } from '../fixture.ts';
import { openLocalForge } from '../forge/local.ts';
import { MergeRefused } from '../forge/refusals.ts';
import { WebFailure } from '../web/web.ts';
import { guardedTools } from './guarded-tools.ts';
import { createSecrets } from './secrets.ts';

const CANARY = 'canary-9f81c2-value';
const hidden = Buffer.from(CANARY).toString('base64url').toLowerCase();

/** Real git behind the guard. */
async function open() {
  const dir = scratch();
  const clock = new VirtualClock({ start: START });
  const bus = new MemoryBus('acme', clock, {});
  const products = productsIn(dir, await plainSandbox());
  const forge = openLocalForge({ bus, products });
  const tools = guardedTools({ ...noTools, products, forge }, createSecrets({ SHOP_TOKEN: CANARY }));
  const { head } = await tools.products.ensure(shop, START);
  return { dir, bus, tools, head };
}

const refused = { code: 'SECRET_REFUSED', message: expect.not.stringContaining(CANARY) };
const info = { author: 'backend-1', at: START };

test('no secret gets into a repository or to the forge, by whatever way', async () => {
  const { dir, bus, tools, head } = await open();
  const { products, forge } = tools;
  const clone = await products.openClone('shop', 'T1', 'agent/T1/the-shop');

  await expect(products.openClone('shop', 'T2', `agent/T2/${CANARY}`)).rejects.toMatchObject(refused);
  await expect(products.openClone('shop', 'T2', `agent/T2/${hidden}`)).rejects.toMatchObject(refused);
  for (const content of [
    CANARY,
    Buffer.from(`key=${CANARY}`).toString('base64'),
    Buffer.from(CANARY).toString('hex'),
  ]) {
    await expect(products.apply(clone, [{ path: 'a.md', content }], head)).rejects.toMatchObject(refused);
  }
  await expect(products.apply(clone, [{ path: `${CANARY}.md`, content: '' }], head)).rejects.toMatchObject(refused);

  await products.apply(clone, [{ path: 'a.md', content: 'fine\n' }], head);
  await expect(products.commit(clone, { ...info, message: `T1: ${CANARY}` })).rejects.toMatchObject(refused);
  const commit = (await products.commit(clone, { ...info, message: 'T1: a' })) ?? '';
  const request = { clone, head: commit, task: 'T1', author: 'backend-1', authorRole: 'backend' };
  await expect(forge.open({ ...request, title: encodeURIComponent(CANARY) })).rejects.toMatchObject(refused);
  const pull = await forge.open({ ...request, title: 'T1: a' });
  const review = { by: 'qa', role: 'qa', head: commit, verdict: 'approve', notes: [`see ${CANARY}`] } as const;
  await expect(forge.review(pull, { ...review, notes: [...review.notes] })).rejects.toMatchObject(refused);
  await expect(forge.merge(pull, { ...info, message: CANARY })).rejects.toMatchObject(refused);

  const needles = [CANARY, Buffer.from(CANARY).toString('hex'), hidden];
  const history = gitIn(join(dir, 'products', 'shop'), 'log', '--all', '-p');
  expect(history).toContain('fine');
  for (const text of [history, ...filesBelow(dir), JSON.stringify(bus.stream.messages)]) {
    for (const needle of needles) expect(text.includes(needle)).toBe(false);
  }
});

test('what a worker wrote into the clone past the guard is found when it is committed', async () => {
  const { dir, tools } = await open();
  const clone = await tools.products.openClone('shop', 'T1', 'agent/T1/the-shop');
  writeFileSync(join(dir, 'work', clone.dir, 'b.txt'), `token: ${CANARY}\n`);
  await expect(tools.products.changes(clone)).rejects.toMatchObject(refused);
  await expect(tools.products.commit(clone, { ...info, message: 'T1: a' })).rejects.toMatchObject(refused);
});

test('what tests print is scrubbed before anybody reads it', async () => {
  const { tools, head } = await open();
  const clone = await tools.products.openClone('shop', 'T1', 'agent/T1/the-shop');
  // The secret is put together while it runs, as code that finds one would print it.
  const parts = JSON.stringify(CANARY.split('-'));
  const content = `console.log(${parts}.join('-')); process.exitCode = 1;\n`;
  await tools.products.apply(clone, [{ path: 'print.js', content }], head);
  const run = await tools.products.test(clone, ['node', 'print.js'], signal);
  expect(run.ok).toBe(false);
  expect(run.tail).toContain('[SHOP_TOKEN]');
  expect(run.tail + run.summary).not.toContain(CANARY);
});

test('an error that names a secret keeps what it is, why, and what next; only its words are scrubbed', async () => {
  const { tools: real } = await open();
  const moved = new MergeRefused(3, 'moved', `main has ${CANARY}.md now`);
  const failing = {
    ...noTools,
    products: { ...real.products, apply: () => Promise.reject(new Conflict([`src/${CANARY}.js`])) },
    forge: { ...real.forge, merge: () => Promise.reject(moved) },
    web: {
      search: () => Promise.reject(new WebFailure('offline', 'no net', `check ${CANARY}`, new Error(CANARY))),
      read: () => Promise.reject(new WebFailure('refused', 'not allowed', 'ask', new Error(CANARY))),
    },
  };
  const tools = guardedTools(failing, createSecrets({ SHOP_TOKEN: CANARY }));
  const clone = await real.products.openClone('shop', 'T1', 'agent/T1/the-shop');
  const pull = await real.forge.get(1);
  const caught = async (run: Promise<unknown>) => {
    const error = await run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    // Nothing that anybody could write down has it: no field, no stack, no cause.
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(CANARY);
    return error;
  };

  const conflict = await caught(tools.products.apply(clone, [], clone.base));
  expect(conflict).toBeInstanceOf(Conflict);
  expect(conflict).toMatchObject({ code: 'CONFLICT', paths: ['src/[SHOP_TOKEN].js'], next: new Conflict([]).next });
  const refusal = await caught(tools.forge.merge({ ...pull, number: 3 } as Pull, { ...info, message: 'T1' }));
  expect(refusal).toBeInstanceOf(MergeRefused);
  expect(refusal).toMatchObject({ reason: 'moved', exit: 1, message: expect.stringContaining('[SHOP_TOKEN].md') });
  const offline = await caught(tools.web.search('x', signal));
  expect(offline).toBeInstanceOf(WebFailure);
  expect(offline).toMatchObject({ trouble: 'offline', message: 'no net', next: 'check [SHOP_TOKEN]' });
  expect(await caught(tools.web.read('https://a.example', signal))).toMatchObject({ trouble: 'refused' });
});

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}
