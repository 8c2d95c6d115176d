import { expect, test } from 'vitest';
import { dutyFacts } from '../actors/duties/registry.ts';
import { MemoryBus } from '../bus/memory.ts';
import { subjects } from '../bus/subjects.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { loadOrg, type OrgSource } from '../org/load.ts';
import { resumed, type Staff } from './company-start.ts';

const fileWith = (instances: number) => `
company: acme
reports:
  cto:
    title: Planner
    duties: [decompose, staff]
    reports:
      backend: { title: Worker, duties: [advise], instances: ${instances} }
`;

function staffOf(text: string): Staff {
  const source: OrgSource = { text, file: 'org/org.yaml', readPrompt: () => 'You work here.' };
  const orgOf = (file: OrgSource) => loadOrg(file, { duties: dutyFacts() });
  return { org: orgOf(source), source, orgOf, script: undefined, joins: false };
}

/** A stream on which these org charts were put in force. */
async function told(...charts: readonly { readonly by: 'operator' | 'hr'; readonly text: string }[]) {
  const bus = new MemoryBus('acme', new VirtualClock({ start: 0 }));
  for (const [n, { by, text }] of charts.entries()) {
    const data = { by, text, summary: [`change ${n}`] };
    await bus.publish(subjects.org, { id: `org.${n}`, type: 'org.changed', source: by, data });
  }
  return bus;
}

const backends = ({ org }: Staff) => org.roles.find(({ name }) => name === 'backend')?.instances;

test('a company that starts again keeps whom hr hired since its org file was put in force', async () => {
  const bus = await told(
    { by: 'operator', text: fileWith(1) },
    { by: 'hr', text: fileWith(2) },
    { by: 'hr', text: fileWith(3) },
  );
  const { staff, kept } = await resumed(staffOf(fileWith(1)), bus);
  expect([backends(staff), kept]).toEqual([3, ['change 1', 'change 2']]);
  expect(staff.source.text).toBe(fileWith(3));
});

test('an org file that was edited, or put in force after hr had hired, says it all anew', async () => {
  const hired = await told({ by: 'operator', text: fileWith(1) }, { by: 'hr', text: fileWith(2) });
  const edited = await resumed(staffOf(fileWith(5)), hired);
  expect([backends(edited.staff), edited.kept]).toEqual([5, []]);
  const applied = await told(
    { by: 'operator', text: fileWith(1) },
    { by: 'hr', text: fileWith(2) },
    { by: 'operator', text: fileWith(1) },
  );
  const after = await resumed(staffOf(fileWith(1)), applied);
  expect([backends(after.staff), after.kept]).toEqual([1, []]);
});

test('a company that starts for the first time has its org file', async () => {
  const { staff, kept } = await resumed(staffOf(fileWith(2)), await told());
  expect([backends(staff), kept]).toEqual([2, []]);
});
