import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { HealthCheck, Product } from '../../bus/records.ts';
import { plainSandbox, productsIn, realSandbox, START, scratch, shop } from '../fixture.ts';
import { openSandbox, type Sandbox } from '../sandbox.ts';
import type { Deployer } from '../tools.ts';
import { openLocalDeployer } from './local.ts';

const contained = await realSandbox();
const plain = await plainSandbox();
const open: Deployer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((deployer) => deployer.close()));
});

const server = (word: string) => `
  const fs = require('node:fs');
  fs.appendFileSync(process.env.DATA_DIR + '/log', 'start\\n');
  require('node:http').createServer((request, response) => {
    if (request.url === '/big') return response.end('x'.repeat(200000) + 'the end');
    if (request.url === '/away') return response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    if (request.url === '/silent') return;
    if (request.url === '/starts') return response.end(fs.readFileSync(process.env.DATA_DIR + '/log'));
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => response.end('${word} ' + request.method + body));
  }).listen(Number(process.env.PORT), process.env.HOST);`;

/** Products with one commit for each content of server.js. */
async function room(sandbox: Sandbox, ...contents: string[]) {
  const dir = scratch();
  const products = productsIn(dir, sandbox);
  await products.ensure(shop, START);
  const commits: string[] = [];
  for (const [index, content] of contents.entries()) {
    const clone = await products.openClone('shop', `T${index}`, `agent/T${index}/serve`);
    await products.apply(clone, [{ path: 'server.js', content }], clone.base);
    const commit = await products.commit(clone, { message: 'serve', author: 'devops', at: START });
    commits.push(commit ?? '');
    await products.repos.take(clone);
  }
  const deployer = openLocalDeployer({ products, sandbox, root: `${dir}/deployments` });
  open.push(deployer);
  return { deployer, commits, dir, first: commits[0] ?? '', second: commits[1] ?? '' };
}

const get = (path: string, more: Partial<HealthCheck> = {}): HealthCheck => ({
  name: path,
  method: 'GET',
  path,
  body: undefined,
  status: 200,
  includes: undefined,
  ...more,
});

function isOpen(url: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

describe.each([
  ['bubblewrap', contained],
  ['a plain process', plain],
])('a deployment in %s', (_, sandbox) => {
  const it = test.skipIf(sandbox.kind === 'refused');

  it('answers beside the live one, takes over when promoted, and leaves its port', async () => {
    const { deployer, first, second } = await room(sandbox, server('hello one'), server('hello two'));
    expect(await deployer.start(shop, first)).toEqual({ ok: true, detail: 'it answers' });
    expect(deployer.live('shop')).toBeUndefined();
    await deployer.promote(shop, first);
    const before = deployer.live('shop');
    expect(before?.commit).toBe(first);
    expect(await (await fetch(before?.url ?? '')).text()).toBe('hello one GET');
    await deployer.start(shop, second);
    const word = [get('/', { includes: 'hello two' })];
    expect((await deployer.probe(shop, word)).map(({ ok }) => ok)).toEqual([false]);
    expect((await deployer.probe(shop, word, second)).map(({ ok }) => ok)).toEqual([true]);
    await deployer.promote(shop, second);
    expect(await isOpen(before?.url ?? '')).toBe(false);
    const after = deployer.live('shop');
    expect(after?.commit).toBe(second);
    await deployer.close();
    expect(await isOpen(after?.url ?? '')).toBe(false);
    expect(deployer.live('shop')).toBeUndefined();
  });

  it('is one process, however often it is started, and none after it is discarded', async () => {
    const { deployer, first } = await room(sandbox, server('hello'));
    const both = await Promise.all([deployer.start(shop, first), deployer.start(shop, first)]);
    expect(both.every(({ ok }) => ok)).toBe(true);
    await deployer.start(shop, first);
    const starts = [get('/starts', { includes: 'start\nstart' })];
    expect(await deployer.probe(shop, starts, first)).toMatchObject([{ ok: false }]);
    await deployer.discard(shop, first);
    expect(await deployer.probe(shop, starts, first)).toEqual([
      { name: '/starts', ok: false, detail: 'nothing is running' },
    ]);
  });

  it('that ends at once gives its last words, without paths or ports', async () => {
    const crash = "console.log(process.env.PORT, __filename); throw new Error('no such table ' + __dirname + '/x')";
    const { deployer, first } = await room(sandbox, crash);
    const started = await deployer.start(shop, first);
    expect(started).toEqual({ ok: false, detail: 'it ended with code 1: Error: no such table x' });
  });

  it('is probed with limits', async () => {
    const { deployer, first } = await room(sandbox, server('hello'));
    await deployer.start(shop, first);
    const probes = await deployer.probe(
      shop,
      [
        get('/', { method: 'POST', body: '{"a":1}', includes: 'hello POST{"a":1}' }),
        get('/', { status: 201 }),
        get('/', { includes: 'goodbye' }),
        get('/big', { includes: 'the end' }),
        get('/away', { status: 302 }),
        get('//example.test/x'),
        get('/silent'),
      ],
      first,
    );
    expect(probes.map(({ ok, detail }) => `${ok ? 'ok' : 'bad'}: ${detail}`)).toEqual([
      'ok: status 200',
      'bad: status 200, expected 201',
      'bad: the body lacks "goodbye"',
      'bad: the body lacks "the end"',
      'ok: status 302',
      'bad: its path leads to another host',
      'bad: no answer within 3 s',
    ]);
  });
});

test.skipIf(contained.kind !== 'bwrap')('a deployed product cannot call anything on this machine', async () => {
  const { createServer } = await import('node:http');
  const stream = createServer((_, response) => response.end('the stream'));
  await new Promise<void>((ready) => stream.listen(0, '127.0.0.1', ready));
  const address = stream.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const spy = `require('node:http').createServer(async (q, response) => {
    const said = await fetch('http://127.0.0.1:${port}').then((r) => r.text(), (error) => 'hello ' + error.cause.code);
    response.end(said);
  }).listen(Number(process.env.PORT), process.env.HOST);`;
  const { deployer, first } = await room(contained, spy);
  await deployer.start(shop, first);
  const probes = await deployer.probe(shop, [get('/', { includes: 'hello ECONNREFUSED' })], first);
  stream.close();
  expect(probes).toEqual([{ name: '/', ok: true, detail: 'status 200' }]);
});

test('nothing starts without a start command or a sandbox', async () => {
  const { deployer, first } = await room(plain, server('hello'));
  const library: Product = { ...shop, start: undefined };
  expect(await deployer.start(library, first)).toEqual({ ok: false, detail: 'the product has no start command' });
  const none = await openSandbox({ mode: 'required', scripted: false, cacheDir: '/dev/null', env: { PATH: '' } });
  const refusing = await room(none, server('hello'));
  expect(await refusing.deployer.start(shop, refusing.first)).toMatchObject({ ok: false });
});
