import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { realSandbox } from '../../tools/fixture.ts';
import { checkCommandLines } from './command-lines.ts';
import type { Finding } from './finding.ts';
import { companyIn, machineIn, scratch } from './fixture.ts';

const sandbox = await realSandbox();
const KEY = 'sk-hidden';

/** A folder with a `claude` that says its version and otherwise does what `body` says. */
function programs(body: string): string {
  const dir = scratch();
  const text = `#!/bin/sh\nif [ "$1" = --version ]; then echo 2.1.330; exit; fi\n${body}\n`;
  writeFileSync(join(dir, 'claude'), text, { mode: 0o755 });
  return dir;
}

const result = (more: object) =>
  `printf '%s\\n' '${JSON.stringify({ type: 'result', subtype: 'success', is_error: false, ...more })}'`;
const ready = result({ structured_output: { status: 'ready' } });

/** What is found of `claude`, in a company that works with it unless told. */
async function found(
  body: string,
  { role = 'engine: claude', live = true, liveMs = 20_000, env = {} as Record<string, string>, more = '' } = {},
): Promise<Finding | undefined> {
  const dir = programs(body);
  const path = `${dir}:${process.env.PATH}`;
  const cache = {
    HOME: process.env.HOME ?? '/',
    ...(process.env.XDG_CACHE_HOME ? { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME } : {}),
  };
  const machine = machineIn(
    companyIn(more, role),
    { PATH: path, ANTHROPIC_API_KEY: KEY, ...cache, ...env },
    { live, liveMs },
  );
  const findings = [await checkCommandLines(machine)].flat();
  expect(JSON.stringify(findings)).not.toContain(KEY);
  return findings.find(({ name }) => name === 'claude');
}

describe('a command line', () => {
  test('that nobody works with and that is not here is not required, and its installation is named', async () => {
    const findings = [await checkCommandLines(machineIn(companyIn(''), { PATH: scratch() }))].flat();
    expect(findings.map(({ name, ok, required }) => [name, ok, required])).toEqual([
      ['claude', false, false],
      ['codex', false, false],
    ]);
    expect(findings[0]?.fix).toContain('npm install -g @anthropic-ai/claude-code@');
  });

  test('that a role works with is required', async () => {
    const [finding] = [await checkCommandLines(machineIn(companyIn('', 'engine: claude'), { PATH: scratch() }))].flat();
    expect(finding).toMatchObject({
      ok: false,
      required: true,
      detail: 'a role works with it, and claude is not here',
    });
  });

  test('without its key names the variable that org.yaml names', async () => {
    const finding = await found(ready, { more: 'engines: { claude: { key: TEAM_KEY } }' });
    expect(finding).toMatchObject({ ok: false, fix: 'export TEAM_KEY=... (or write it into .env)' });
  });

  test('is not asked unless told', async () => {
    const finding = await found('exit 1', { live: false });
    expect(finding).toMatchObject({ ok: true, detail: '2.1.330, with ANTHROPIC_API_KEY; --live asks it one question' });
  });

  test('that cannot even say its version does not start', async () => {
    const dir = scratch();
    writeFileSync(join(dir, 'claude'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    const machine = machineIn(companyIn('', 'engine: claude'), {
      PATH: `${dir}:${process.env.PATH}`,
      ANTHROPIC_API_KEY: KEY,
    });
    const findings = [await checkCommandLines(machine)].flat();
    expect(findings.find(({ name }) => name === 'claude')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('does not start'),
    });
  });
});

describe.runIf(sandbox.kind === 'bwrap')('a command line that is asked, contained,', () => {
  test('and answers is fine', async () => {
    expect(await found(ready)).toMatchObject({ ok: true, required: true, detail: '2.1.330, answers' });
  });

  test('sees a home of its own, and nothing of our environment', async () => {
    const alone = `[ "$HOME" = /home/task-own ] && [ -z "$OF_OURS" ] && ! env | grep -q ${KEY}`;
    const seen = `${alone} || exit 3\n${ready}`;
    expect(await found(seen, { env: { OF_OURS: 'x' } })).toMatchObject({ ok: true });
  });

  test('and is refused the key says so, and which to make anew', async () => {
    const refused = result({ is_error: true, api_error_status: 401, result: 'Invalid API key' });
    const finding = await found(refused);
    expect(finding).toMatchObject({ ok: false, detail: expect.stringContaining('Invalid API key') });
    expect(finding?.fix).toContain('export ANTHROPIC_API_KEY=');
  });

  test('and has no quota says so', async () => {
    const finding = await found(result({ is_error: true, api_error_status: 429, result: 'usage limit' }));
    expect(finding).toMatchObject({ ok: false, fix: expect.stringContaining('credit') });
  });

  test('and hangs is ended at its time limit', async () => {
    const finding = await found('sleep 4719', { liveMs: 1_000 });
    expect(finding).toMatchObject({ ok: false, detail: '2.1.330: it was ended after 1 s' });
  });

  test('and prints something else is another version than the one that was tried', async () => {
    const finding = await found('echo hello');
    expect(finding).toMatchObject({ ok: false, fix: expect.stringContaining('the version that was tried') });
  });
});
