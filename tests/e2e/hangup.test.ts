// The terminal goes away: a window is closed, an ssh connection ends. Nobody reads along any more, and nobody presses Ctrl+C.

import { expect, test, vi } from 'vitest';
import { advises, patience, saidIn } from './patience.ts';
import { hasTerminals, Workspace } from './process.ts';

type Change = { readonly type: string; readonly data: { readonly state?: string } };

/** Advice that takes three seconds of the wall. */
const work = { tasks: ['one'], answers: [advises('5m')], backOff: '1m' };

/** What was in hand is finished and recorded, and the company says that it stopped. */
async function expectDrained(workspace: Workspace): Promise<void> {
  const said: Change[] = await saidIn(workspace);
  expect(said.filter(({ type }) => type === 'task.completed')).toHaveLength(1);
  const states = said.filter(({ type }) => type === 'control.changed').map(({ data }) => data.state);
  expect(states.slice(-2)).toEqual(['draining', 'stopped']);
}

test('a company that is hung up on drains, however often it hears it', async () => {
  const workspace = new Workspace();
  try {
    const up = workspace.start([...patience(workspace, work), '--speed', '100']);
    await up.says(/working\s+T1/);
    up.kill('SIGHUP');
    // A shell that is hung up on itself tells its jobs once more.
    await up.says(/draining/);
    up.kill('SIGHUP');
    expect(await up.ended).toMatchObject({ code: 0 });
    await expectDrained(workspace);
    expect(workspace.processes()).toEqual([]);
  } finally {
    await workspace.remove();
  }
});

test.skipIf(!hasTerminals)('a company whose terminal is closed drains', async () => {
  const workspace = new Workspace();
  try {
    const up = workspace.start([...patience(workspace, work), '--speed', '100'], { terminal: true });
    await up.says(/working\s+T1/);
    up.kill('SIGKILL');
    await vi.waitFor(() => expect(workspace.processes()).toEqual([]), { timeout: 60_000, interval: 200 });
    await expectDrained(workspace);
  } finally {
    await workspace.remove();
  }
});
