// `doctor --live` with the real command lines: what it says is the real cause, whatever the program prints about it.

import { LLMock } from '@copilotkit/aimock';
import { test as base, describe, expect } from 'vitest';
import { installed } from '../../tools/engines/fixture.ts';
import { realSandbox } from '../../tools/fixture.ts';
import { checkCommandLines } from './command-lines.ts';
import { companyIn, machineIn } from './fixture.ts';

const KEY = 'sk-hidden-from-everybody';
const VARIABLE = { claude: 'ANTHROPIC_API_KEY', codex: 'OPENAI_API_KEY' } as const;

/** Each test has a provider of its own: a program whose provider refuses waits and asks again, and so they wait together. */
const test = base.extend<{ mock: LLMock }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs.
  mock: async ({}, use) => {
    const mock = new LLMock({ port: 0 });
    await mock.start();
    await use(mock);
    await mock.stop();
  },
});

const sandbox = await realSandbox();

for (const name of ['claude', 'codex'] as const) {
  const here = sandbox.kind === 'bwrap' ? await installed(name) : { why: sandbox.reason };
  if ('why' in here) process.stderr.write(`skipped: doctor with the real ${name}: ${here.why}\n`);

  describe.runIf('bin' in here)(`doctor --live with the real ${name}`, { concurrent: true }, () => {
    /** What is found, with a provider at `server`. */
    async function found(env: Record<string, string>, server: string) {
      const url = name === 'codex' ? `${server}/v1` : server;
      const engine = `engines: { ${name}: { url: '${url}', price: { input: 1, output: 2 } } }`;
      const { HOME = '/', XDG_CACHE_HOME } = process.env;
      const cache = { HOME, ...(XDG_CACHE_HOME ? { XDG_CACHE_HOME } : {}) };
      const path = `${'bin' in here ? here.bin : ''}:${process.env.PATH}`;
      const cwd = companyIn(engine, `engine: ${name}`);
      const machine = machineIn(cwd, { PATH: path, ...cache, ...env }, { live: true, liveMs: 45_000 });
      const findings = [await checkCommandLines(machine)].flat();
      expect(JSON.stringify(findings)).not.toContain(KEY);
      return findings.find((one) => one.name === name);
    }

    test('without a key: which variable', async ({ mock }) => {
      expect(await found({}, mock.url)).toMatchObject({
        ok: false,
        fix: expect.stringContaining(`export ${VARIABLE[name]}=`),
      });
    });

    test('with a wrong key', async ({ mock }) => {
      mock.on({}, () => ({ error: { message: 'invalid x-api-key', type: 'authentication_error' }, status: 401 }));
      const finding = await found({ [VARIABLE[name]]: KEY }, mock.url);
      expect(finding).toMatchObject({ ok: false, detail: expect.stringContaining('401') });
      expect(finding?.fix).toContain(`make another key, then: export ${VARIABLE[name]}=`);
    });

    test('with an account without quota', async ({ mock }) => {
      mock.on({}, () => ({ error: { message: 'rate limited', type: 'rate_limit_error' }, status: 429 }));
      const finding = await found({ [VARIABLE[name]]: KEY }, mock.url);
      expect(finding).toMatchObject({ ok: false, detail: expect.stringContaining('429') });
      expect(finding?.fix).toContain('add credit to its account, or wait');
    });

    test('with a model that its provider does not have', async ({ mock }) => {
      mock.on({}, () => ({ error: { message: 'model: none', type: 'not_found_error' }, status: 404 }));
      const finding = await found({ [VARIABLE[name]]: KEY }, mock.url);
      expect(finding).toMatchObject({ ok: false, detail: expect.stringMatching(/404|model/) });
      expect(finding?.fix).toContain(`engines.${name}.model`);
    });

    test('with a provider that is down', async ({ mock }) => {
      mock.on({}, () => ({ error: { message: 'internal', type: 'api_error' }, status: 500 }));
      const finding = await found({ [VARIABLE[name]]: KEY }, mock.url);
      expect(finding).toMatchObject({ ok: false, detail: expect.stringContaining('500') });
      expect(finding?.fix).toContain(`curl -sSI ${mock.url}`);
    });

    test('with nobody at the address of its provider', async () => {
      const finding = await found({ [VARIABLE[name]]: KEY }, 'http://127.0.0.1:9');
      expect(finding?.detail).toMatch(/: nobody answers at http:\/\/127\.0\.0\.1:9(?:\/v1)? \(ECONNREFUSED\)$/);
      expect(finding?.fix).toContain(`engines.${name}.url`);
    });

    test('with a key that works', async ({ mock }) => {
      const usage = { input_tokens: 120, output_tokens: 30 };
      const ready = { status: 'ready' };
      mock.on({}, () =>
        name === 'claude'
          ? { toolCalls: [{ name: 'StructuredOutput', arguments: JSON.stringify(ready) }], usage }
          : { content: JSON.stringify(ready), usage },
      );
      expect(await found({ [VARIABLE[name]]: KEY }, mock.url)).toMatchObject({ ok: true });
    });
  });
}
