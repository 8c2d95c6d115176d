// A task that backs off when its company is killed: the instant is in its record, so it waits no longer and no shorter.

import { expect, test } from 'vitest';
import { advises, failsFirst, patience, saidIn } from './patience.ts';
import { Workspace } from './process.ts';

test('a back-off survives kill -9', async () => {
  const workspace = new Workspace();
  try {
    const words = patience(workspace, { tasks: ['one'], answers: [failsFirst('4m'), advises('1m')], backOff: '4h' });
    const start = () => workspace.start([...words, '--speed', '1000']);
    const first = start();
    await first.says(/retrying\s+T1/);
    first.kill('SIGKILL');
    await first.ended;

    const second = start();
    await second.says(/done\s+T1/);
    second.kill('SIGINT');
    expect((await second.ended).code).toBe(0);
    const said = await saidIn(workspace, '--task T1');
    const failed = said.filter(({ type }) => type === 'task.failed');
    const begun = said.filter(({ type, data }) => type === 'task.started' && data.task.attempt === 2);
    expect([failed.length, begun.length]).toEqual([1, 1]);
    expect(Date.parse(begun[0]?.time ?? '')).toBeGreaterThanOrEqual(failed[0]?.data.task.dueAt ?? Number.NaN);
    expect(workspace.processes()).toEqual([]);
  } finally {
    await workspace.remove();
  }
});
