// What a machine does to a process of a company: its clock is set, its event loop is blocked.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { startServer } from '../../bus/server/launcher.ts';
import { packageRoot } from '../../cli/package-root.ts';
import { advises, failsFirst, patience, saidIn } from './patience.ts';
import { type Running, Workspace } from './process.ts';

const HOUR = 3_600_000;
const preload = pathToFileURL(join(packageRoot, 'tests', 'e2e', 'machine.mjs')).href;

/** Processes whose machine takes orders. */
function machineIn(workspace: Workspace) {
  const orders = join(workspace.dir, 'orders.json');
  return {
    start: (words: readonly string[]) =>
      workspace.start(words, { env: { NODE_OPTIONS: `--import=${preload}`, MACHINE_ORDERS: orders } }),
    async order(running: Running, what: { wall: number } | { blocked: string }, heard: RegExp): Promise<void> {
      writeFileSync(orders, JSON.stringify(what));
      running.kill('SIGUSR2');
      await running.says(heard);
    },
  };
}

test('a wall clock that is set back, or forward, makes no wait longer and nothing happen twice', async () => {
  const workspace = new Workspace();
  const { start, order } = machineIn(workspace);
  try {
    const up = start(
      patience(workspace, { tasks: ['one'], answers: [failsFirst('2s'), advises('2s')], backOff: '4s' }),
    );
    await up.says(/retrying\s+T1/);
    await order(up, { wall: -HOUR }, /the wall is set by -/);
    await up.says(/working again\s+T1/);
    await order(up, { wall: HOUR }, /the wall is set by \d/);
    await up.says(/done\s+T1/);
    up.kill('SIGINT');
    expect((await up.ended).code).toBe(0);

    const said = await saidIn(workspace);
    const times = said.map(({ time }) => Date.parse(time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const count = (type: string) => said.filter((one) => one.type === type).length;
    expect([count('task.failed'), count('task.completed'), count('task.escalated')]).toEqual([1, 1, 0]);
    expect((await workspace.run('audit')).code).toBe(0);
    expect(up.written()).toMatch(/the clock of this machine was set back by 1 h/);
  } finally {
    await workspace.remove();
  }
});

test('a process whose event loop is blocked past its ack wait is fenced when it goes on, and nothing is done twice', async () => {
  const workspace = new Workspace();
  const { start, order } = machineIn(workspace);
  const server = await startServer({ storeDir: workspace.folder('store'), sync: 'fast' });
  try {
    const words = patience(workspace, { tasks: ['one', 'two'], answers: [advises('10s')], backOff: '4s' });
    const nats = ['--nats', server.url];
    const main = workspace.start([...words, ...nats]);
    await main.says(/running\s+started/);
    const other = start([...words, ...nats, '--roles', 'worker']);
    const [, task = ''] = await main.says(/worker@p2\s+working\s+(T\d)/);
    const done = join(workspace.dir, 'computed');
    await order(other, { blocked: done }, /machine: blocked/);
    // Its ack wait is over after 30 s, and main does its task.
    await main.says(/done\s+T1[\s\S]*done\s+T2|done\s+T2[\s\S]*done\s+T1/);
    writeFileSync(done, '');
    await other.says(/fenced/);
    other.kill('SIGINT');
    main.kill('SIGINT');
    expect([(await other.ended).code, (await main.ended).code]).toEqual([0, 0]);
    const said = await saidIn(workspace, `--nats ${server.url}`);
    const ofTask = said.filter(({ type, data }) => type.startsWith('task.') && data.task.id === task);
    const begun = ofTask.filter(({ type }) => type === 'task.started').map(({ source }) => source);
    const after = ofTask.slice(ofTask.findIndex(({ type }) => type === 'task.started') + 1);
    expect(begun).toEqual(['worker@p2']);
    expect(after.map(({ type, source, data }) => [type, source, data.task.agent])).toEqual([
      ['task.stepped', 'worker', 'worker'],
      ['task.completed', 'worker', 'worker'],
    ]);
    const fenced = said.filter(({ type, data }) => type === 'agent.changed' && data.state === 'fenced');
    expect(fenced.map(({ data }) => [data.agent, data.reason])).toEqual([
      ['worker@p2', `it was late: task.${task} has been written by somebody else`],
    ]);
    expect((await workspace.run(`audit --nats ${server.url}`)).code).toBe(0);
  } finally {
    await workspace.remove();
    await server.stop();
  }
});
