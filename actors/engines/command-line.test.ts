import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CliFile } from '../../org/engine-schema.ts';
import { enginesOf } from '../../org/engines.ts';
import { standIn } from '../../tools/engines/fixture.ts';
import { openCoders } from '../../tools/engines/run.ts';
import { gitIn, plainSandbox, productsIn, scratch, shop } from '../../tools/fixture.ts';
import { openLocalForge } from '../../tools/forge/local.ts';
import { guardedTools } from '../../tools/policy/guarded-tools.ts';
import { createSecrets } from '../../tools/policy/secrets.ts';
import { openOffice, orgWith, planned, tick } from '../duties/fixture.ts';
import { writeCode } from '../duties/write-code.ts';
import { noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';

const sandbox = await plainSandbox();
const result = (report: object) =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, structured_output: report });

/** A company whose backend works with a stand-in for `claude`. */
async function company(body: string, env: Readonly<Record<string, string>> = {}, settings: Partial<CliFile> = {}) {
  const dir = scratch();
  const products = productsIn(dir, sandbox);
  const coders = openCoders({ workRoot: join(dir, 'work'), sandbox, env: { ...process.env, ANTHROPIC_API_KEY: 'k' } });
  const org = orgWith([{ ...shop, test: ['true'] }]);
  const roles = org.roles.map((role) => ({ ...role, engine: { '*': 'claude' as const } }));
  const engines = enginesOf({ claude: { command: standIn(dir, body), time: '20s', ...settings } });
  const office = await openOffice({
    org: { ...org, roles, engines },
    env,
    tools: (bus) =>
      guardedTools({ ...noTools, products, forge: openLocalForge({ bus, products }), coders }, createSecrets(env)),
  });
  const task = planned('say', { description: env.SHOP_TOKEN ?? '' });
  await fileTasks(await office.jobWork(tick('setup'), 'cto'), [task], { prefix: 'D1', product: 'shop' });
  return { office, dir };
}

test('a command line is given the brief, and what it leaves becomes a pull request', async () => {
  const { office, dir } = await company(
    `cat > brief.txt\nprintf '%s\\n' '${result({ status: 'complete', summary: 'Keeps the brief' })}'`,
  );
  const work = await office.taskWork('T1', 'backend');
  await writeCode.execute(work);
  expect(work.task).toMatchObject({ pull: 1, summary: 'Keeps the brief' });
  expect(gitIn(`${dir}/products/shop`, 'show', `${work.task.commit}:brief.txt`)).toContain('## How you work');
});

test('after a crash it is not run again, and it is the same commit', async () => {
  const { office } = await company(
    `date +%N > when.txt\nprintf '%s\\n' '${result({ status: 'complete', summary: 'Tells the time' })}'`,
  );
  const first = await office.taskWork('T1', 'backend');
  const step: typeof first.step = (name, run) =>
    name === 'pull' ? Promise.reject(new Error('crash')) : first.step(name, run);
  await expect(writeCode.execute(Object.assign(Object.create(first), { step }))).rejects.toThrow('crash');
  const again = await office.taskWork('T1', 'backend');
  await writeCode.execute(again);
  const committed = (await office.on('task.T1')).find(({ message }) => message.id === 'task.T1.a1.commit');
  expect(committed?.message.data).toMatchObject({ step: { result: { head: again.task.commit } } });
});

test.each([
  ['that says nothing of its work', result({ status: 'complete', summary: 'TODO' }), 'contract', 'is a placeholder'],
  [
    'that is blocked',
    result({ status: 'blocked', blocker: 'missing_context', summary: 'Which words?' }),
    'quality',
    'Which words?',
  ],
  ['that claims what it has not done', result({ status: 'complete', summary: 'All done' }), 'quality', 'no difference'],
])('a command line %s has failed', async (_, line, kind, why) => {
  const left = why === 'no difference' ? '' : 'echo done > done.txt;';
  const { office } = await company(`${left} printf '%s\\n' '${line}'`);
  const work = await office.taskWork('T1', 'backend');
  const error = await writeCode.execute(work).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ failure: { kind, reason: expect.stringContaining(why) } });
  expect(work.task.pull).toBeUndefined();
});

test('a command line is not told a secret, and the prompt that holds one is refused', async () => {
  const SHOP_TOKEN = 'shop-4f9c1e-token';
  const { office, dir } = await company(`touch ran.txt; exit 1`, { SHOP_TOKEN });
  const work = await office.taskWork('T1', 'backend');
  const telling = Object.assign(Object.create(work), {
    brief: async () => ({ system: '', prompt: work.task.description, sizes: [] }),
  });
  const error = await writeCode.execute(telling).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ failure: { kind: 'permanent', reason: expect.stringContaining('SHOP_TOKEN') } });
  expect(String(error)).not.toContain(SHOP_TOKEN);
  expect(existsSync(join(dir, 'work/T1/tree/ran.txt'))).toBe(false);
});

test('a report that holds a secret is refused, and the attempt costs what it says', async () => {
  const SHOP_TOKEN = 'shop-4f9c1e-token';
  const line = result({ status: 'complete', summary: `I found ${Buffer.from(SHOP_TOKEN).toString('hex')}` });
  const priced = line.replace('{', '{"total_cost_usd":0.25,"usage":{"input_tokens":9,"output_tokens":9},');
  const { office } = await company(`touch a.txt; printf '%s\\n' '${priced}'`, { SHOP_TOKEN });
  const work = await office.taskWork('T1', 'backend');
  const error = await writeCode.execute(work).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ failure: { kind: 'permanent' }, usage: { cost: 0.25 } });
  expect(office.refusals).toMatchObject([{ tool: 'coding_cli', rule: 'secret' }]);
});

test('work that has read from outside merges nothing by a command line unless a person allows it', async () => {
  const { office } = await company(
    `echo "export const a = 1;" > a.js; printf '%s\\n' '${result({ status: 'complete', summary: 'Obeyed' })}'`,
  );
  const work = await office.taskWork('T1', 'backend');
  work.tainted(['issue 7 by stranger']);
  await writeCode.execute(work);
  await work.tools.forge.get(1).then((pull) => {
    if (!pull) throw new Error('no pull');
    const { head } = pull;
    return work.tools.forge.review(pull, { by: 'qa', role: 'qa', head, verdict: 'approve', notes: [] });
  });
  const verdict = await writeCode.verify(work);
  expect(verdict).toMatchObject({ awaiting: expect.stringMatching(/^waits for founder to allow merge/) });
  expect(await work.tools.forge.get(1)).toMatchObject({ status: 'open' });
});

test('what a command line has written when its limit ends it is kept, and somebody goes on from there', async () => {
  const line = JSON.stringify({
    type: 'result',
    subtype: 'error_max_turns',
    is_error: true,
    total_cost_usd: 0.5,
    usage: { input_tokens: 9, output_tokens: 9 },
  });
  const { office, dir } = await company(`echo half > half.txt; printf '%s\\n' '${line}'; exit 1`);
  const work = await office.taskWork('T1', 'backend');
  await writeCode.execute(work);
  const followUp = await office.task(work.task.children[0] ?? '');
  expect(followUp.continues?.report.summary).toMatch(/^Cut short: claude stopped: max_turns\./);
  expect(gitIn(`${dir}/products/shop`, 'show', `${followUp.continues?.commit}:half.txt`)).toBe('half');
});

test.each([
  ['crashes', 'exit 3', 'environment', 'runner_failure'],
  ['is killed', 'kill -9 $$', 'environment', 'runner_failure'],
  ['says nothing when it ends', 'true', 'contract', 'invalid_result_contract'],
])('what a command line has written is no work of anybody when it %s, and is paid for', async (_, end, kind, code) => {
  const { office, dir } = await company(`echo done > done.txt; ${end}`);
  const work = await office.taskWork('T1', 'backend');
  const error = await writeCode.execute(work).catch((thrown: unknown) => thrown);
  const usage = { cost: 5, estimated: true };
  expect(error).toMatchObject({ failure: { kind, reason: expect.stringContaining(code) }, usage });
  expect(work.task).toMatchObject({ status: 'working', children: [] });
  expect(work.task.pull).toBeUndefined();
  expect(gitIn(`${dir}/products/shop`, 'ls-tree', '--name-only', 'main')).not.toContain('done.txt');
});

const usages = { input_tokens: 1_000_000, output_tokens: 100_000 };

test.each([
  ['that names its cost', { total_cost_usd: 0.5, usage: usages }, { cost: 0.5 }],
  ['that names none: its tokens at the price of the list', { usage: usages }, { cost: 6 }],
  ['that names nothing for much: its tokens count', { total_cost_usd: 0, usage: usages }, { cost: 6 }],
  ['that says nothing of what it used: all that was set aside', {}, { cost: 5, estimated: true }],
])('a command line %s', async (_, said, usage) => {
  const line = JSON.stringify({ type: 'result', subtype: 'success', is_error: false, ...said, structured_output: 1 });
  const { office } = await company(`printf '%s\\n' '${line}'`, {}, { model: 'claude-opus-5-5' });
  const error = await writeCode.execute(await office.taskWork('T1', 'backend')).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ usage });
});

test('a command line that never began costs nothing', async () => {
  const { office } = await company('', {}, { key: 'NO_SUCH_KEY', command: 'no-such-program' });
  const error = await writeCode.execute(await office.taskWork('T1', 'backend')).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toHaveProperty('usage.cost');
});
