import { beforeEach, expect, it, vi } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { buildAgentMachine } from '../machines/agent.ts';
import type { StandingName } from '../machines/policy.ts';
import { Agent } from './agent.ts';
import { orgWith, START } from './duties/fixture.ts';
import { Pool } from './pool.ts';

const policy = orgWith().roles[0]?.policy;
if (!policy) throw new Error('no policy');
const machine = buildAgentMachine(policy);

let bus: MemoryBus;
let pool: Pool;
let freed = 0;

function seat(name: string): Agent {
  const agent = new Agent({ name, role: 'backend', machine, bus, now: () => START });
  pool.add(agent);
  return agent;
}

const told = () => bus.stream.messages.map(({ message }) => message.type === 'agent.changed' && message.data.state);

beforeEach(() => {
  bus = new MemoryBus('acme', new VirtualClock({ start: START }));
  freed = 0;
  pool = new Pool('backend', () => {
    freed += 1;
  });
});

it('agents are taken in the order of their numbers, each for one thing at a time', () => {
  const [one, two] = [seat('backend-1'), seat('backend-2')];
  expect([pool.take(), pool.take(), pool.take()]).toEqual([one, two, undefined]);
  pool.give(two);
  expect(pool.take()).toBe(two);
});

it('an agent to be avoided is taken only when there is nobody else at all', () => {
  const [one, two] = [seat('backend-1'), seat('backend-2')];
  expect(pool.take([one.name])).toBe(two);
  expect(pool.take([one.name])).toBeUndefined();
  pool.give(two);
  expect(pool.take([one.name, two.name])).toBe(one);
});

it('an agent to be avoided leaves the work to one of another process', () => {
  const joined = seat('backend@p2');
  expect(pool.take([joined.name], ['backend'])).toBeUndefined();
  expect(pool.take([joined.name, 'backend'], ['backend'])).toBe(joined);
});

it('a delivery on its way counts as if it had its agent', () => {
  seat('backend-1');
  const asked = pool.promise();
  expect(pool.available).toBe(0);
  asked();
  asked();
  expect(pool.available).toBe(1);
});

it('a crashed agent takes nothing before it is back', () => {
  const agent = seat('backend-1');
  pool.take();
  const { wake } = pool.rest(agent);
  expect([pool.available, pool.take()]).toEqual([0, undefined]);
  const before = freed;
  wake();
  expect(freed).toBe(before + 1);
  expect(pool.take()).toBe(agent);
});

it('an agent fired while it works goes when its work has ended', () => {
  const agent = seat('backend-1');
  pool.take();
  pool.remove(agent);
  agent.send({
    type: 'ASSIGN',
    work: { id: 'T1', phase: 'briefing', attempt: 1, rung: 1, waits: 0, excused: 0, depthLeft: 0, affordable: true },
  });
  expect(agent.next()).toEqual({ type: 'brief' });
  expect(told()).not.toContain('gone');
  pool.give(agent);
  expect(told().at(-1)).toBe('gone');
  expect(pool.available).toBe(0);
});

it('an agent fired while it rests does not come back', () => {
  const agent = seat('backend-1');
  pool.take();
  const { wake } = pool.rest(agent);
  pool.remove(agent);
  wake();
  expect(told().at(-1)).toBe('gone');
  expect(pool.take()).toBeUndefined();
});

it('an agent that was stopped with work in hand says so instead of seeming to be done', () => {
  const agent = seat('backend-1');
  agent.stop();
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const work = {
    id: 'T1',
    phase: 'briefing',
    attempt: 1,
    rung: 1,
    waits: 0,
    excused: 0,
    depthLeft: 0,
    affordable: true,
  } as const;
  expect(() => agent.send({ type: 'ASSIGN', work })).toThrow('stopped with work in hand');
  // The operator's terminal is not the place for xstate's advice.
  expect(warned).not.toHaveBeenCalled();
});

it('leads are taken first, those on probation last', () => {
  const standing: Record<string, StandingName> = { 'backend-1': 'probation', 'backend-3': 'lead' };
  pool = new Pool(
    'backend',
    () => {},
    (agent) => standing[agent] ?? 'trusted',
  );
  const [one, two, three] = [seat('backend-1'), seat('backend-2'), seat('backend-3')];
  expect([pool.take(), pool.take(), pool.take()]).toEqual([three, two, one]);
});

it('somebody on the bench gets nothing while anybody else is there, free or not', () => {
  pool = new Pool(
    'backend',
    () => {},
    (agent) => (agent === 'backend-1' ? 'benched' : 'trusted'),
  );
  const [one, two] = [seat('backend-1'), seat('backend-2')];
  expect([pool.available, pool.take(), pool.available, pool.take()]).toEqual([1, two, 0, undefined]);
  pool.remove(two);
  expect([pool.available, pool.take()]).toEqual([1, one]);
});

it('somebody on the bench has what everybody else must not have', () => {
  pool = new Pool(
    'backend',
    () => {},
    (agent) => (agent === 'backend-1' ? 'benched' : 'trusted'),
  );
  const one = seat('backend-1');
  seat('backend-2');
  expect(pool.take(['backend-2'])).toBe(one);
});
