// Work that needs a model waits in its mailbox while no provider can be asked, and costs nobody anything meanwhile.

import { expect, test } from 'vitest';
import { MINUTE, orgOf, START, startCompany } from './fixture.ts';

/** Who needs the models that are closed; whoever plans has others. */
const org = orgOf('thinker: { tier: coding, duties: [advise], instances: 2 }');
const one = { key: 'one', role: 'thinker' };
const two = { key: 'two', role: 'thinker' };

/** Providers of the tier coding that a test opens and closes. */
function gate() {
  const listeners = new Set<() => void>();
  let room = 0;
  return {
    reach: {
      room: ({ tier }: { readonly tier: string }) => (tier === 'coding' ? room : Number.POSITIVE_INFINITY),
      onChange(listener: () => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      close: () => listeners.clear(),
    },
    becomes(more: number) {
      room = more;
      for (const listener of listeners) listener();
    },
  };
}

test('nothing is begun while no provider can be asked, and everything once one can', async () => {
  const { reach, becomes } = gate();
  const company = await startCompany({ org, reach });
  await company.order(one, two);
  await company.until(() => company.clock.now() > START + 600 * MINUTE);
  expect(company.of('task.started')).toEqual([]);
  expect(company.asked).toEqual([]);
  expect(company.task('T1')).toMatchObject({ status: 'ready', attempt: 0, waits: 0, failures: [] });
  becomes(Number.POSITIVE_INFINITY);
  await company.untilDone();
  expect([company.task('T1').status, company.task('T2').status]).toEqual(['done', 'done']);
  expect(company.of('delivery.tried')).toEqual([]);
});

test('what was begun goes on when the providers close behind it; what comes after waits', async () => {
  const { reach, becomes } = gate();
  becomes(1);
  const company = await startCompany({ org, reach });
  await company.order(one);
  await company.until(() => company.of('task.started').length === 1);
  becomes(0);
  await company.order(two);
  await company.until(() => company.task('T1').status === 'done' && company.clock.now() > START + 600 * MINUTE);
  expect(company.task('T2').status).toBe('ready');
  becomes(1);
  await company.untilDone();
  expect(company.task('T2').status).toBe('done');
});
