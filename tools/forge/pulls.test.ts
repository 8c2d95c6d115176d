import { expect, it } from 'vitest';
import { MemoryBus } from '../../bus/memory.ts';
import type { Pull } from '../../bus/records.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { openPulls } from './pulls.ts';

const pull = (number: number, branch: string): Pull => ({
  number,
  product: 'shop',
  title: branch,
  author: 'backend-1',
  authorRole: 'backend',
  task: 'T1',
  branch,
  base: 'a'.repeat(40),
  head: 'b'.repeat(40),
  status: 'open',
  checks: [],
  reviews: [],
});

it('two processes that open at once get two numbers', async () => {
  const bus = new MemoryBus('acme', new VirtualClock({ start: 0 }));
  const branches = ['agent/T1/a', 'agent/T2/b', 'agent/T3/c'];
  const opened = await Promise.all(
    branches.map((branch) =>
      openPulls(bus).create(
        (all) => all.find((one) => one.branch === branch),
        (number) => pull(number, branch),
      ),
    ),
  );
  expect(opened.map(({ number }) => number).sort()).toEqual([1, 2, 3]);
  expect((await openPulls(bus).all()).map(({ branch }) => branch).sort()).toEqual(branches);
  await bus.close();
});
