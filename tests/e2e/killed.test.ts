// A company whose process is killed in the middle of its work. What it had in hand comes back to the next start at once.

import { expect, test } from 'vitest';
import { expectWhole, inWorkspace, LAST, stop } from './building.ts';

test(
  'a company goes on where SIGKILL ended it, and nothing is lost or done twice',
  inWorkspace(async (workspace, start) => {
    const first = start();
    await first.says(/merged\s+pull 1/);
    first.kill('SIGKILL');
    await first.ended;

    const second = start();
    await second.says(LAST);
    expect(second.written()).not.toMatch(/merged\s+pull 1/);
    await stop(second);
    await expectWhole(workspace);
    expect(workspace.processes()).toEqual([]);
  }),
);
