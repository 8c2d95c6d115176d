import { LLMock } from '@copilotkit/aimock';
import { describe, expect, test } from 'vitest';
import { modelServer, modelServerWith, type Turn } from '../../tests/fixtures/model-server.ts';
import type { Finding } from './finding.ts';
import { companyIn, machineIn } from './fixture.ts';
import { checkProviders } from './providers.ts';

const ready: Turn = { say: { text: 'ready' } };
const SECRET = 'sk-hidden';

/** A company whose coders think with models of one server. */
const companyOf = (url: string, { models = ['small'], kind = 'openai', key = 'KEY' } = {}) =>
  companyIn(`models:
  providers:
    mine: { kind: ${kind}, url: '${url}'${key === '' ? '' : `, key: ${key}`} }
  tiers:
    strategy: [mine/small]
    coding: [${models.map((model) => `mine/${model}`).join(', ')}]
    light: [mine/small]
  prices:
    small: { input: 0, output: 0 }
    large: { input: 1, output: 1 }`);

const check = (cwd: string, more: Parameters<typeof machineIn>[2] = {}) =>
  checkProviders(machineIn(cwd, { KEY: SECRET }, more));

/** What is found at a server that gives its one model these answers. */
async function found(turn: Turn, about: Parameters<typeof companyOf>[1] = {}): Promise<Finding & { asked: number }> {
  const server = await modelServer(turn);
  try {
    const url = about.kind === 'anthropic' ? server.url : `${server.url}/v1`;
    const [finding, ...more] = await check(companyOf(url, about));
    if (!finding || more.length > 0) throw new Error('not one finding');
    expect(JSON.stringify(finding)).not.toContain(SECRET);
    return { ...finding, asked: server.asked.length };
  } finally {
    await server.close();
  }
}

const anthropic = (status: number, type: string, message: string, headers = {}): Turn => ({
  status,
  headers,
  body: { type: 'error', error: { type, message } },
});
const openai = (status: number, code: string, message: string, headers = {}): Turn => ({
  status,
  headers,
  body: { error: { message, type: code, param: null, code } },
});

describe('a provider that is asked', () => {
  test('and answers is fine, after one question', async () => {
    expect(await found(ready)).toMatchObject({ ok: true, name: 'mine', detail: 'small answers', asked: 1 });
  });

  test.each<[string, string, Turn, string, string]>([
    [
      'a wrong key',
      'anthropic',
      anthropic(401, 'authentication_error', 'invalid x-api-key'),
      'the key was refused (401)',
      'export KEY=',
    ],
    [
      'an expired key',
      'openai',
      openai(401, 'invalid_api_key', 'Your key has expired'),
      'expired',
      'make another key, then: export KEY=',
    ],
    [
      'a key that may not',
      'openai',
      openai(403, 'insufficient_permissions', 'Missing scopes'),
      'Missing scopes',
      'let the key in KEY use small',
    ],
    [
      'no credit',
      'anthropic',
      anthropic(400, 'invalid_request_error', 'Your credit balance is too low'),
      'no credit',
      'add credit',
    ],
    [
      'no quota',
      'openai',
      openai(429, 'insufficient_quota', 'You exceeded your current quota'),
      'no credit',
      'add credit',
    ],
    [
      'too many requests',
      'openai',
      openai(429, 'rate_limit_exceeded', 'slow down', { 'retry-after': '7' }),
      'too many requests',
      'wait 7 s, then: headcount doctor --live',
    ],
    [
      'an unknown model',
      'openai',
      openai(404, 'model_not_found', 'The model `small` does not exist'),
      'no such model',
      'name a model that it has',
    ],
    ['an overload', 'anthropic', anthropic(529, 'overloaded_error', 'Overloaded'), 'overloaded', 'wait 60 s'],
    ['a server that fails', 'openai', openai(500, 'server_error', 'oops'), 'the server failed (500)', 'wait 60 s'],
    [
      'a refused request',
      'openai',
      openai(400, 'invalid_request', 'max_tokens is not supported'),
      'max_tokens is not supported',
      'name another model than small',
    ],
    ['a web page', 'openai', { raw: '<html>', type: 'text/html' }, 'speaks another language', 'curl -sS'],
    [
      'an answer that breaks off',
      'openai',
      { say: { text: 'ready' }, bend: (events) => events.slice(0, 1) },
      'broke off',
      'wait 60 s',
    ],
  ])('%s (%s) has its cause and its mending named, and is asked once', async (_, kind, turn, cause, fix) => {
    const finding = await found(turn, { kind });
    expect(finding).toMatchObject({ ok: false, required: true, asked: 1 });
    expect(finding.detail).toContain(cause);
    expect(finding.fix).toContain(fix);
  });

  test('and says nothing is given up after its time', async () => {
    const server = await modelServer({ hang: { text: 'ready' }, events: 1 });
    const [finding] = await check(companyOf(`${server.url}/v1`), { liveMs: 50 });
    await server.close();
    expect(finding).toMatchObject({ ok: false, detail: expect.stringContaining('nothing within 0.05 s') });
  });

  test('and wants a key that nobody gave it: the place in org.yaml is named', async () => {
    const { fix } = await found(openai(401, 'unauthorized', 'no key'), { key: '' });
    expect(fix).toContain('models.providers.mine.key');
  });

  test.each([
    ['http://127.0.0.1:1/v1', 'start the server at http://127.0.0.1:1/v1'],
    ['http://no-such-host.invalid/v1', 'models.providers.mine.url'],
  ])('where nobody is (%s): one finding, and what to start or to correct', async (url, fix) => {
    const [finding, ...more] = await check(companyOf(url, { models: ['small', 'large'] }));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ ok: false, required: true, detail: expect.stringContaining('no connection') });
    expect(finding?.fix).toContain(fix);
  });

  test.each([
    ['openai', (url: string) => url, (url: string) => `write ${url}/v1 into`],
    ['anthropic', (url: string) => `${url}/v1`, (url: string) => `write ${url} into`],
  ])('whose address is not as kind %s writes it is told the right one', async (kind, wrong, fix) => {
    const server = await modelServer();
    const [finding] = await check(companyOf(wrong(server.url), { kind }));
    await server.close();
    expect(finding).toMatchObject({ ok: false, required: true, fix: expect.stringContaining(fix(server.url)) });
  });
});

describe('a server with a list of its models', () => {
  test('is asked for one word by the cheapest; the others are looked up', async () => {
    const server = await modelServerWith({ models: ['small', 'large'], key: SECRET }, ready);
    const findings = await check(companyOf(`${server.url}/v1`, { models: ['large', 'small'] }));
    await server.close();
    expect(findings).toMatchObject([{ ok: true, detail: 'small answers; it has large' }]);
    expect(server.asked.map(({ body }) => body.model)).toEqual(['small']);
  });

  test('is asked for what is not on it, and what it has instead is named', async () => {
    const server = await modelServerWith(
      { models: ['small', 'largest'] },
      ready,
      openai(404, 'model_not_found', 'no model large'),
    );
    const findings = await check(companyOf(`${server.url}/v1`, { models: ['large'] }));
    await server.close();
    expect(findings).toMatchObject([
      { ok: true, detail: 'small answers' },
      {
        ok: false,
        detail: expect.stringContaining('large: mine: it has no such model'),
        fix: expect.stringContaining('largest'),
      },
    ]);
  });

  test('that may not be read with this key is no fault', async () => {
    const server = await modelServerWith({ models: ['small'], key: 'another' }, ready);
    const findings = await check(companyOf(`${server.url}/v1`));
    await server.close();
    expect(findings).toMatchObject([{ ok: true }]);
  });

  test('is understood as a server of others writes it', async () => {
    const mock = new LLMock({ port: 0 });
    mock.on({ userMessage: 'ready', model: 'small' }, { content: 'ready' });
    await mock.start();
    const findings = await check(companyOf(`${mock.url}/v1`));
    await mock.stop();
    expect(findings).toMatchObject([{ ok: true, detail: expect.stringContaining('small answers') }]);
  });
});

describe('unless told to ask', () => {
  test('nobody is asked; a key and an address are enough', async () => {
    const server = await modelServer();
    const findings = await check(companyOf(`${server.url}/v1`), { live: false });
    await server.close();
    expect(findings).toMatchObject([{ ok: true, detail: 'KEY is set; --live asks small for one word' }]);
    expect(server.asked).toEqual([]);
  });

  test('a model without a price is found out', async () => {
    const findings = await check(companyOf('http://127.0.0.1:9/v1', { models: ['huge'] }), { live: false });
    expect(findings).toMatchObject([
      { ok: false, required: true, detail: expect.stringContaining('huge'), fix: expect.stringContaining('prices') },
      { ok: true },
    ]);
  });

  test('the usual providers without keys are not required: their company is scripted', async () => {
    const findings = await checkProviders(machineIn(companyIn(''), {}));
    expect(findings.map(({ name, ok, required }) => [name, ok, required])).toEqual([
      ['anthropic', false, false],
      ['openai', false, false],
    ]);
    expect(findings[0]?.fix).toContain('export ANTHROPIC_API_KEY=');
  });

  test('a tier that nobody can answer for, while others can, is required', async () => {
    const cwd = companyIn('models: { tiers: { coding: [openai/gpt-6-sol] } }');
    const findings = await checkProviders(machineIn(cwd, { ANTHROPIC_API_KEY: 'x' }, { live: false }));
    expect(findings.filter(({ required, ok }) => required && !ok)).toMatchObject([
      { name: 'tier coding', detail: 'none of openai/gpt-6-sol can be asked' },
    ]);
  });
});
