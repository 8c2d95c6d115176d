import { expect, test } from 'vitest';
import { RealClock } from '../bus/clock.ts';
import { MemoryBus } from '../bus/memory.ts';
import { type Applicant, agentAt, enroll, processOf, readRegister, seatOf } from './processes.ts';

const newBus = () => new MemoryBus('acme', new RealClock());

function applicant(more: Partial<Applicant> = {}): Applicant {
  const roles = ['backend'];
  return {
    name: undefined,
    pid: 7,
    host: 'ada',
    seat: seatOf('ada', '/shop', roles),
    roles,
    version: '1',
    charts: 'c',
    ...more,
  };
}

const nobody = async () => new Set<string>();
const alive =
  (...names: string[]) =>
  async () =>
    new Set(names);

test('the process that serves everything is main, and its agents have plain names', async () => {
  const { name } = await enroll(newBus(), applicant({ roles: undefined }), nobody);
  expect(name).toBe('main');
  expect(agentAt('backend', name)).toBe('backend');
  expect(processOf('backend')).toBe('main');
});

test('agents of other processes carry its name', () => {
  expect(agentAt('backend', 'p2')).toBe('backend@p2');
  expect(processOf('backend@p2')).toBe('p2');
});

test('a restart in the same place with the same roles is the same process, one incarnation higher', async () => {
  const bus = newBus();
  const first = await enroll(bus, applicant(), nobody);
  const again = await enroll(bus, applicant(), nobody);
  expect([first.name, first.incarnation]).toEqual(['p2', 1]);
  expect([again.name, again.incarnation]).toEqual(['p2', 2]);
});

test('a second process beside a living one gets a name of its own', async () => {
  const bus = newBus();
  await enroll(bus, applicant(), nobody);
  expect((await enroll(bus, applicant(), alive('p2'))).name).toBe('p3');
  const elsewhere = applicant({ seat: seatOf('bob', '/shop', ['backend']) });
  expect((await enroll(bus, elsewhere, nobody)).name).toBe('p4');
});

test('two that take one name at the same moment become two incarnations', async () => {
  const bus = newBus();
  const both = await Promise.all([1, 2].map((pid) => enroll(bus, applicant({ name: 'west', pid }), nobody)));
  expect(both.map(({ incarnation }) => incarnation).sort()).toEqual([1, 2]);
});

test('leaving is said once, and not by one who has lost the name', async () => {
  const bus = newBus();
  const old = await enroll(bus, applicant({ name: 'west' }), nobody);
  const young = await enroll(bus, applicant({ name: 'west' }), nobody);
  await old.leave('interrupted');
  expect((await readRegister(bus)).get('west')).toMatchObject({ incarnation: 2, left: undefined });
  await young.leave('interrupted');
  const register = await readRegister(bus);
  expect(register.get('west')).toMatchObject({ incarnation: 2, left: 'interrupted' });
  expect(register.unended()).toEqual([]);
});
