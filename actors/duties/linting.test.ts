import { expect, test } from 'vitest';
import { plainSandbox, productsIn, START, scratch, shop, signal } from '../../tools/fixture.ts';
import { lint } from './linting.ts';

const sandbox = await plainSandbox();

/** What a linter says of a change, in a product whose default branch has this package.json. */
async function linted(manifest: string, change: Readonly<Record<string, string>>) {
  const products = productsIn(scratch(), sandbox);
  const { head } = await products.ensure(shop, START);
  const first = await products.openClone('shop', 'T1', 'agent/T1/begin');
  await products.apply(first, [{ path: 'package.json', content: manifest }], head);
  const commit = (await products.commit(first, { message: 'Begin', author: 'a', at: START })) ?? '';
  await products.repos.take(first);
  const { tree } = (await products.repos.merge('shop', head, commit)) as { tree: string };
  const onto = await products.repos.land('shop', head, tree, 'Begin', { author: 'a', at: START });
  if (onto === undefined) throw new Error('it did not land');
  const clone = await products.openClone('shop', 'T2', 'agent/T2/change');
  await products.apply(
    clone,
    Object.entries(change).map(([path, content]) => ({ path, content })),
    onto,
  );
  return lint(products, clone, signal);
}

const withLint = (script: string) => JSON.stringify({ name: 'shop', scripts: { lint: script } });
const noDebugger = withLint('! grep -n debugger main.js');

test('the product’s own linter judges the change', async () => {
  expect(await linted(noDebugger, { 'main.js': 'go();\n' })).toMatchObject({ ran: true, ok: true });
  expect(await linted(noDebugger, { 'main.js': 'debugger;\n' })).toEqual({
    ran: true,
    ok: false,
    summary: '1:debugger;',
  });
});

test('an author who changes the lint script is judged by the one on the default branch', async () => {
  const change = { 'main.js': 'debugger;\n', 'package.json': withLint('true') };
  expect(await linted(noDebugger, change)).toMatchObject({ ran: true, ok: false });
});

test('a product without a linter, or with one that is not installed, says so instead of passing', async () => {
  const none = { ran: false, why: 'package.json of the product has no lint script' };
  expect(await linted('{"name":"shop"}', { 'main.js': '' })).toEqual(none);
  expect(await linted('{', { 'main.js': '' })).toEqual(none);
  const missing = { ran: false, why: '"no-such-linter ." is not installed here' };
  expect(await linted(withLint('no-such-linter .'), { 'main.js': '' })).toEqual(missing);
});
