import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FINANCE } from '../../bus/documents.ts';
import type { Product } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { openLocalDeployer } from '../../tools/deploy/local.ts';
import { plainSandbox, productsIn, scratch } from '../../tools/fixture.ts';
import type { Deployer, Forge } from '../../tools/tools.ts';
import { noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';
import { assure } from './assure.ts';
import { openOffice, orgWith, planned, START, tick } from './fixture.ts';
import { operate } from './operate.ts';

const shop: Product = {
  slug: 'shop',
  name: 'Shop',
  description: '',
  stack: [],
  test: ['node', '--test'],
  start: ['node', 'server.js'],
  health: [
    { name: 'up', method: 'GET', path: '/', body: undefined, status: 200, includes: undefined },
    { name: 'price', method: 'GET', path: '/price', body: undefined, status: 200, includes: undefined },
  ],
};

/** Answers /price with `price`; /break makes it answer 500 until /mend. */
const server = (price: number) => `import { createServer } from 'node:http';
let price = ${price};
createServer((request, response) => {
  if (request.url === '/break') price = 500;
  if (request.url === '/mend') price = ${price};
  response.statusCode = request.url === '/price' ? price : 200;
  response.end('shop');
}).listen(Number(process.env.PORT), process.env.HOST);
`;

const deployers: Deployer[] = [];
afterAll(async () => {
  for (const deployer of deployers) await deployer.close();
});

async function shopWith(price: number, product = shop) {
  const dir = scratch();
  const sandbox = await plainSandbox();
  const products = productsIn(dir, sandbox);
  const deployer = openLocalDeployer({ products, sandbox, root: join(dir, 'live') });
  deployers.push(deployer);
  const office = await openOffice({
    org: orgWith([product]),
    tools: { ...noTools, products, deployer, forge: {} as Forge },
  });
  await products.ensure(product, START);
  const release = async (text: string) => {
    const clone = await products.openClone('shop', 'setup', 'agent/setup/server');
    const files = [
      { path: 'package.json', content: '{ "type": "module" }\n' },
      { path: 'server.js', content: text },
    ];
    await products.apply(clone, files, clone.base);
    const head = await products.commit(clone, { message: 'serve', author: 'backend', at: START });
    await products.repos.take(clone);
    const merged = await products.repos.merge('shop', clone.base, head ?? '');
    if (!merged.ok) throw new Error('conflict');
    await products.repos.land('shop', clone.base, merged.tree, 'serve', { author: 'backend', at: START });
  };
  await release(server(price));
  const tasks = [planned('launch', { role: 'devops' }), planned('relaunch', { role: 'devops' })];
  await fileTasks(await office.jobWork(tick('setup'), 'cto'), tasks, { prefix: 'D1', product: 'shop' });
  return { office, products, deployer, release };
}

it('a healthy head goes live, with evidence, a milestone and a count', async () => {
  const { office, deployer } = await shopWith(200);
  const work = await office.taskWork('T1', 'devops');
  await operate.execute(work);
  const verdict = await operate.verify(work);
  expect('evidence' in verdict && verdict.evidence.map(({ check, commit }) => [check, commit])).toEqual([
    ['deployment', work.task.commit],
    ['health', work.task.commit],
  ]);
  expect(deployer.live('shop')?.commit).toBe(work.task.commit);
  const brain = office.seen.company.get();
  expect(brain.milestones).toEqual({ 'first-deployment': 'Shop is live for the first time' });
  expect(brain.metrics.deployments).toBe(1);
  expect(JSON.stringify(await office.on('>'))).not.toContain(deployer.live('shop')?.url ?? 'nowhere');
});

it('a report that the harness put on top of what was merged is not what goes live', async () => {
  const { office, products, deployer } = await shopWith(200);
  const merged = await products.head('shop');
  const report = { path: `${FINANCE}/2026-W02.md`, content: 'Spent $1.\n' };
  const head = await products.document('shop', [report], { message: 'Finance', author: 'finance', at: START });
  await operate.execute(await office.taskWork('T1', 'devops'));
  expect([deployer.live('shop')?.commit, head === merged]).toEqual([merged, false]);
});

it("a supervised product goes live with a person's yes to this commit, and not before", async () => {
  const { office, deployer } = await shopWith(200, { ...shop, automation: 'supervised' });
  const work = await office.taskWork('T1', 'devops');
  await operate.execute(work);
  expect(await operate.verify(work)).toMatchObject({ awaiting: expect.stringContaining('founder') });
  expect(deployer.live('shop')).toBeUndefined();
  const [asked] = await office.on('approval.*');
  if (asked?.message.type !== 'approval.asked') throw new Error('nobody was asked');
  const { data, id } = asked.message;
  expect(data.facts?.map(({ name }) => name)).toEqual(['commit', 'live now', 'command', 'checks']);
  const answered = { ...data, status: 'answered' as const, answer: 'allow', by: 'founder' };
  const draft = { id: `${id}.answered`, type: 'approval.answered' as const, source: 'operator', data: answered };
  await office.bus.publish<'approval.answered'>(subjects.approval(data.id), draft);
  expect(await operate.verify(work)).toMatchObject({ evidence: [{ check: 'deployment' }, { check: 'health' }] });
  expect(data.id).toContain(deployer.live('shop')?.commit.slice(0, 7));
});

it('a head that moved takes back the question about the old one, and asks about the new one', async () => {
  const { office, deployer, release } = await shopWith(200, { ...shop, automation: 'supervised' });
  const work = await office.taskWork('T1', 'devops');
  await operate.execute(work);
  await release(server(201));
  work.note({ attempt: 2 });
  await operate.execute(work);
  const told = (await office.on('approval.*')).map(({ message }) => message);
  const [old, withdrawn, asked] = told.flatMap((one) => ('options' in one.data ? [one.data] : []));
  expect(told.map(({ type }) => type)).toEqual(['approval.asked', 'approval.withdrawn', 'approval.asked']);
  expect(withdrawn).toMatchObject({ id: old?.id, status: 'withdrawn', note: `${asked?.id} is asked instead` });
  expect(asked?.id).not.toBe(old?.id);
  await operate.verify(work);
  expect(deployer.live('shop')).toBeUndefined();
});

it('a head that fails its checks is rolled back, files its own repair and waits for it', async () => {
  const { office, deployer, release } = await shopWith(200);
  await operate.execute(await office.taskWork('T1', 'devops'));
  const before = deployer.live('shop')?.commit;
  await release(server(503));
  const work = await office.taskWork('T2', 'devops');
  await expect(operate.execute(work)).rejects.toMatchObject({
    failure: { kind: 'quality', reason: expect.stringContaining('price') },
  });
  expect(deployer.live('shop')?.commit).toBe(before);
  expect(office.seen.company.get().deployments.map(({ status }) => status)).toEqual(['live', 'failed', 'rolled-back']);
  expect(await office.task('T3')).toMatchObject({ key: 'D1.relaunch.rollback', role: 'backend', status: 'ready' });
  work.note({ attempt: 2 });
  await expect(operate.execute(work)).rejects.toMatchObject({ failure: { kind: 'dependency' } });
});

it('a live product that breaks raises one alert for the check, and its recovery settles it', async () => {
  const { office, deployer } = await shopWith(200);
  expect(await office.run(assure, tick('assure'), 'qa')).toBe(false);
  await operate.execute(await office.taskWork('T1', 'devops'));
  await office.run(assure, tick('assure', 2), 'qa');
  expect(await office.on('qa.alerts')).toEqual([]);
  await fetch(`${deployer.live('shop')?.url}/break`);
  await office.run(assure, tick('assure', 3), 'qa');
  await office.run(assure, tick('assure', 4), 'qa');
  const alerts = (await office.on('qa.alerts')).map((stored) => stored.message.data);
  expect(alerts).toMatchObject([{ check: 'price', severity: 'warning', product: 'shop' }]);
  expect(office.seen.company.get().metrics).toMatchObject({ error_rate: 50, uptime: 100, health_suites: 3 });
  await fetch(`${deployer.live('shop')?.url}/mend`);
  await office.run(assure, tick('assure', 5), 'qa');
  expect(Object.values(office.seen.company.get().bugs)).toMatchObject([{ status: 'fixed' }]);
  const reports = (await office.on('agent.reports')).filter(({ message: { id } }) => id.startsWith('health.'));
  expect(reports).toHaveLength(3);
});
