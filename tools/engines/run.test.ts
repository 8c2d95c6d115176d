import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainSandbox, realSandbox, scratch } from '../fixture.ts';
import { openSandbox } from '../sandbox.ts';
import { openRoom, standIn } from './fixture.ts';

const sandbox = await realSandbox();
const none = await plainSandbox();

const result = (more: object) =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, total_cost_usd: 0.25, ...more });
const usage = { usage: { input_tokens: 10, output_tokens: 2 }, modelUsage: { 'claude-x': {} } };
const done = result({ structured_output: { status: 'complete', summary: 'Said hello' }, ...usage });
const said = JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: 'I write it' }] } });
const print = (...lines: string[]) => lines.map((line) => `printf '%s\\n' '${line}'`).join('\n');

/** A room with a stand-in for `claude`. */
const room = (body: string, settings = {}, env = {}) =>
  openRoom(sandbox, 'claude', { command: standIn(scratch(), body), ms: 20_000, ...settings }, env);

/** Processes of this machine whose command line has a text. */
function running(text: string): boolean {
  return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(text);
}

describe.runIf(sandbox.kind === 'bwrap')('a command line', () => {
  it('works in the clone, is heard while it works, and ends with its report and its cost', async () => {
    const here = await room(`cat > got.txt; echo hello > hello.txt\n${print(said, done)}`);
    const { end, usage: used } = await here.run();
    expect(end).toEqual({ report: { status: 'complete', summary: 'Said hello' } });
    expect(used).toEqual({ model: 'claude-x', inputTokens: 10, outputTokens: 2, cost: 0.25 });
    expect(here.heard).toEqual(['I write it']);
    expect(await here.products.changes(here.clone)).toEqual([
      { path: 'got.txt', content: 'Write hello.txt' },
      { path: 'hello.txt', content: 'hello\n' },
    ]);
  });

  it('finds its own home, the variables it needs, and no key', async () => {
    const here = await room(
      `env > env.txt; ls -A "$HOME" / > home.txt\n${print(done)}`,
      {},
      { SECRET_OF_OURS: 'hush' },
    );
    await here.run();
    const text = JSON.stringify(await here.products.changes(here.clone));
    expect(text).toContain('HOME=/home/task-own');
    expect(text).toContain('ANTHROPIC_BASE_URL=http://127.0.0.1:');
    expect(text).not.toMatch(/sk-the-real-key|hush|SECRET_OF_OURS|NATS/);
    expect(readdirSync(join(here.dir, 'work')).filter((name) => name.startsWith('home-'))).toEqual([]);
  });

  it('cannot write outside its clone', async () => {
    const outside = join(scratch(), 'outside.txt');
    const here = await room(
      `echo x > ${outside}; echo x > ../outside.txt; echo x > /etc/x; ln -s /etc/passwd link\n${print(done)}`,
    );
    expect((await here.run()).end).toHaveProperty('report');
    expect([existsSync(outside), existsSync(join(here.dir, 'work/T1/outside.txt')), existsSync('/etc/x')]).toEqual([
      false,
      false,
      false,
    ]);
    await expect(here.products.changes(here.clone)).rejects.toMatchObject({ code: 'PATH_REFUSED' });
  });

  it('that hangs is ended at its deadline, with everything it started', async () => {
    const here = await room('sleep 4711 & setsid sleep 4712 & sleep 4713', { ms: 1_000 });
    expect((await here.run()).end).toEqual({ code: 'timeout', why: 'it was ended after 1 s' });
    expect([4711, 4712, 4713].map((seconds) => running(`sleep ${seconds}`))).toEqual([false, false, false]);
  });

  it('that leaves children behind ends with its report, and they end too', async () => {
    const here = await room(`setsid sleep 4714 >/dev/null 2>&1 &\n${print(done)}`);
    expect((await here.run()).end).toHaveProperty('report');
    expect(running('sleep 4714')).toBe(false);
  });

  it('that is aborted ends at once', async () => {
    const here = await room('sleep 4715');
    const stop = new AbortController();
    const run = here.run({ signal: stop.signal });
    stop.abort(new Error('stop now'));
    await expect(run).rejects.toThrow('stop now');
    expect(running('sleep 4715')).toBe(false);
  });

  it.each([
    [
      'prints garbage',
      `head -c 3000 /dev/urandom | od -c; echo '{"type":'`,
      {},
      'invalid_result_contract',
      'ended without a report',
    ],
    [
      'prints events of another shape',
      print('{"type":"result","subtype":7}', '[]', 'null'),
      {},
      'invalid_result_contract',
      'ended',
    ],
    [
      'asks, and waits for an answer',
      `echo 'May I delete everything? [y/N]'; sleep 30`,
      { ms: 1_000 },
      'manual_intervention_required',
      'it asks: May I delete everything?',
    ],
    [
      'asks, and ends',
      `echo 'Do you want to log in?'`,
      {},
      'manual_intervention_required',
      'it asks: Do you want to log in?',
    ],
    ['ends with an error', `echo 'out of cheese' >&2; exit 3`, {}, 'runner_failure', 'it ended with 3: out of cheese'],
    ['is killed', 'kill -9 $$', {}, 'runner_failure', 'it ended with'],
    ['is not there', '', { command: '/nowhere/claude' }, 'agent_unavailable', '/nowhere/claude is not'],
    ['has no key', '', { key: 'NO_SUCH_KEY' }, 'missing_credentials', 'NO_SUCH_KEY is not set'],
    [
      'has a wrong key',
      print(result({ is_error: true, api_error_status: 401, result: 'Invalid key' })),
      {},
      'missing_credentials',
      'Invalid key',
    ],
    [
      'is out of quota',
      print(result({ is_error: true, api_error_status: 429, result: 'Slow down' })),
      {},
      'quota_limited',
      'Slow down',
    ],
    [
      'asks an overloaded provider for ever',
      `${print(...Array.from({ length: 9 }, () => JSON.stringify({ type: 'system', subtype: 'api_retry', error_status: 529 })))}\nsleep 30`,
      {},
      'quota_limited',
      'its provider refuses: 529',
    ],
    ['uses up its turns', print(result({ subtype: 'error_max_turns', is_error: true })), {}, 'limit', 'max_turns'],
  ])('that %s fails with a code', async (_, body, settings, code, why) => {
    const here = await room(body, settings);
    expect((await here.run()).end).toMatchObject({ code, why: expect.stringContaining(why) });
  });

  it('does not run where there is no sandbox, unless the operator says so', async () => {
    const refused = await openSandbox({ mode: 'required', scripted: false, cacheDir: '/dev/null', env: { PATH: '' } });
    const command = standIn(scratch(), `touch ran.txt\n${print(done)}`);
    const contained = await openRoom(refused, 'claude', { command });
    expect((await contained.run()).end).toMatchObject({ code: 'environment_failure' });
    expect(await contained.products.changes(contained.clone)).toEqual([]);
    const free = await openRoom(none, 'claude', { command, ms: 20_000 });
    expect((await free.run()).end).toHaveProperty('report');
  });
});

describe.runIf(sandbox.kind === 'bwrap')('the way of a command line', () => {
  const seen: string[] = [];
  const provider = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers['x-api-key']} ${request.headers['x-trace'] ?? ''}`);
    response.setHeader('x-from', 'provider').end('hello from the provider');
  });
  beforeAll(() => new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve)));
  afterAll(() => provider.close());
  const at = () => `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;

  const ask = (url: string, headers: string) =>
    `node -e 'fetch(${url}, { headers: ${headers} }).then((r) => r.text(), (e) => String(e.cause?.code ?? e)).then((t) => console.error(t), console.error)' 2>> said.txt`;
  const key = '{ "x-api-key": process.env.ANTHROPIC_API_KEY, "x-trace": "a" }';
  const way = 'process.env.ANTHROPIC_BASE_URL';

  it('leads to its provider, which gets the key that it never saw, and to nothing else', async () => {
    const here = await room(
      [
        ask(`${way} + "/v1/messages"`, key),
        ask(`${way} + "/v1/messages"`, '{ "x-api-key": "guessed" }'),
        `node -e 'require("http").get(process.env.ANTHROPIC_BASE_URL, { path: "/../admin", headers: ${key} }, (r) => r.on("data", (t) => console.error(String(t))))' 2>> said.txt`,
        ask(`"${at()}/direct"`, '{}'),
        ask('"http://example.com/"', '{}'),
        print(done),
      ].join('\n'),
      { url: `${at()}/base` },
    );
    await here.run();
    const [change] = await here.products.changes(here.clone);
    const lines = change && 'content' in change ? change.content.trim().split('\n') : [];
    expect(lines.map((line) => line.slice(0, 120))).toEqual([
      'hello from the provider',
      expect.stringContaining('this way is for another program'),
      expect.stringContaining('only the provider is reached here'),
      'ECONNREFUSED',
      expect.stringMatching(/^EAI_AGAIN|^ENOTFOUND/),
    ]);
    expect(seen).toEqual(['/base/v1/messages sk-the-real-key a']);
  });
});

describe.runIf(sandbox.kind === 'bwrap')('a program that knows no budget', () => {
  const reply = [
    { type: 'response.created', response: { model: 'm-1', usage: null } },
    {
      type: 'response.completed',
      response: {
        model: 'm-1',
        usage: { input_tokens: 1_000, input_tokens_details: { cached_tokens: 5 }, output_tokens: 100 },
      },
    },
  ];
  let asked = 0;
  let answer = { status: 200, text: '' };
  const provider = createServer((request, response) => {
    request.resume().on('end', () => {
      asked += 1;
      response.writeHead(answer.status, { 'content-type': 'text/event-stream' }).end(answer.text);
    });
  });
  beforeAll(() => new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve)));
  afterAll(() => provider.close());

  /** Asks eight times, whatever it hears, then says that it is done. */
  const body = `node -e '
const { readFileSync } = require("node:fs");
const config = readFileSync(process.env.CODEX_HOME + "/config.toml", "utf8");
const [, url] = /base_url = "(.*)"/.exec(config);
const headers = { authorization: "Bearer " + process.env.HEADCOUNT_TOKEN };
(async () => {
  for (let n = 0; n < 8; n += 1) await (await fetch(url + "/responses", { method: "POST", headers, body: "{}" })).text();
  console.log(JSON.stringify({ type: "item.completed", item: { type: "agent_message", text: "{\\"status\\":\\"complete\\"}" } }));
})();
'`;

  const run = async (given: typeof answer, price: number | undefined, settings: object) => {
    asked = 0;
    answer = given;
    const { port } = provider.address() as AddressInfo;
    const said = { command: standIn(scratch(), body), ms: 20_000, url: `http://127.0.0.1:${port}`, ...settings };
    const here = await openRoom(sandbox, 'codex', said);
    return here.run({ priceOf: () => price });
  };
  const answered = { status: 200, text: reply.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') };

  it('is stopped before the call that could go over what was set aside, and costs what its calls cost', async () => {
    const { end, usage: used } = await run(answered, 0.4, { cost: 2, worstCall: 1 });
    expect(asked).toBe(3);
    expect(end).toMatchObject({ code: 'limit', why: 'codex stopped: one more call could cost more than its $2' });
    expect(used).toEqual({ model: 'm-1', inputTokens: 3_000, outputTokens: 300, cost: expect.closeTo(1.2) });
  });

  it('is charged the worst for each call that nobody can price', async () => {
    const { usage: used } = await run(answered, undefined, { cost: 5, worstCall: 1 });
    expect([asked, used?.cost]).toEqual([5, 5]);
    const { usage: unsaid } = await run({ status: 200, text: 'no events' }, 0.4, { cost: 5, worstCall: 1 });
    expect([asked, unsaid?.cost]).toEqual([5, 5]);
  });

  it('is charged nothing for calls that its provider turned away', async () => {
    const { end, usage: used } = await run({ status: 503, text: 'no' }, 0.4, { cost: 2, worstCall: 1 });
    expect([asked, used]).toEqual([8, undefined]);
    expect(end).toEqual({ report: { status: 'complete' } });
  });

  it('is charged nothing for calls that nobody has heard', async () => {
    const { end, usage: used } = await run(answered, 0.4, { cost: 2, worstCall: 1, url: 'http://127.0.0.1:9' });
    expect(used).toBeUndefined();
    expect(end).toEqual({ report: { status: 'complete' } });
  });

  it('is left alone while its calls fit', async () => {
    const { end, usage: used } = await run(answered, 0.1, { cost: 5, worstCall: 1 });
    expect(asked).toBe(8);
    expect(end).toEqual({ report: { status: 'complete' } });
    expect(used?.cost).toBeCloseTo(0.8);
  });
});
