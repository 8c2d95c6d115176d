import { join } from 'node:path';
import { expect, test } from 'vitest';
import { enginesOf } from '../../org/engines.ts';
import { standIn } from '../../tools/engines/fixture.ts';
import { openCoders } from '../../tools/engines/run.ts';
import { gitIn, plainSandbox, productsIn, scratch, shop } from '../../tools/fixture.ts';
import { openLocalForge } from '../../tools/forge/local.ts';
import { openOffice, orgWith, planned, tick } from '../duties/fixture.ts';
import { writeCode } from '../duties/write-code.ts';
import { noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';

const sandbox = await plainSandbox();
const result = (report: object) =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, structured_output: report });

/** A company whose backend works with a stand-in for `claude`. */
async function company(body: string) {
  const dir = scratch();
  const products = productsIn(dir, sandbox);
  const coders = openCoders({ workRoot: join(dir, 'work'), sandbox, env: { ...process.env, ANTHROPIC_API_KEY: 'k' } });
  const org = orgWith([{ ...shop, test: ['true'] }]);
  const roles = org.roles.map((role) => ({ ...role, engine: { '*': 'claude' as const } }));
  const engines = enginesOf({ claude: { command: standIn(dir, body), time: '20s' } });
  const office = await openOffice({
    org: { ...org, roles, engines },
    tools: (bus) => ({ ...noTools, products, forge: openLocalForge({ bus, products }), coders }),
  });
  await fileTasks(await office.jobWork(tick('setup'), 'cto'), [planned('say')], { prefix: 'D1', product: 'shop' });
  return { office, dir };
}

test('a command line is given the brief, and what it leaves becomes a pull request', async () => {
  const { office, dir } = await company(
    `cat > brief.txt\nprintf '%s\\n' '${result({ status: 'complete', summary: 'Keeps the brief' })}'`,
  );
  const work = await office.taskWork('T1', 'backend-1');
  await writeCode.execute(work);
  expect(work.task).toMatchObject({ pull: 1, summary: 'Keeps the brief' });
  expect(gitIn(`${dir}/products/shop`, 'show', `${work.task.commit}:brief.txt`)).toContain('## How you work');
});

test('after a crash it is not run again, and it is the same commit', async () => {
  const { office } = await company(
    `date +%N > when.txt\nprintf '%s\\n' '${result({ status: 'complete', summary: 'Tells the time' })}'`,
  );
  const first = await office.taskWork('T1', 'backend-1');
  const step: typeof first.step = (name, run) =>
    name === 'pull' ? Promise.reject(new Error('crash')) : first.step(name, run);
  await expect(writeCode.execute(Object.assign(Object.create(first), { step }))).rejects.toThrow('crash');
  const again = await office.taskWork('T1', 'backend-1');
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
  const { office } = await company(`printf '%s\\n' '${line}'`);
  const error = await writeCode.execute(await office.taskWork('T1', 'backend-1')).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ failure: { kind, reason: expect.stringContaining(why) } });
});
