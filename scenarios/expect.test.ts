import { describe, expect, it } from 'vitest';
import type { Stored } from '../bus/bus.ts';
import { type Draft, seal } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { createEnding } from './ending.ts';
import { checkExpectations } from './expect.ts';
import { Expectations } from './expectations.ts';
import { countLosses } from './losses.ts';

const start = Date.UTC(2026, 0, 5, 9);

function taskOf(over: Partial<Task> = {}): Task {
  return {
    id: 'T1',
    key: 'D1.store',
    title: 'Keep links',
    description: '',
    acceptance: [],
    type: 'code',
    role: 'backend',
    estimateMs: 1,
    priority: 'normal',
    lineage: 'T1',
    depth: 0,
    dependsOn: [],
    dependents: [],
    children: [],
    status: 'ready',
    phase: 'briefing',
    deadline: start,
    createdAt: start,
    avoid: [],
    attempt: 0,
    rung: 1,
    waits: 0,
    reassigned: 0,
    failures: [],
    guidance: [],
    evidence: [],
    spent: { inputTokens: 0, outputTokens: 0, cost: 0, workingMs: 0 },
    ...over,
  };
}

/** A stream of messages, numbered as they come. */
function streamOf(...drafts: { subject: string; draft: Draft }[]): Stored[] {
  return drafts.map(({ subject, draft }, index) => ({
    seq: index + 1,
    subject,
    message: seal(subject, draft, start + index),
  }));
}

type TaskEvent = 'created' | 'started' | 'failed' | 'escalated' | 'reassigned' | 'completed';
let ids = 0;
function event(type: TaskEvent, over: Partial<Task> = {}) {
  const task = taskOf(over);
  ids += 1;
  const draft = { id: `e${ids}`, type: `task.${type}` as const, source: task.agent ?? 'cto', data: { task } };
  return { subject: `task.${task.id}`, draft: draft as Draft };
}

function agentState(agent: string, state: string) {
  ids += 1;
  const data = { agent, role: 'backend', state, event: 'X', since: start };
  return {
    subject: `agent.${agent}.state`,
    draft: { id: `e${ids}`, type: 'agent.changed', source: agent, data } as Draft,
  };
}

function ofMoney(type: 'money.reserved' | 'money.settled' | 'money.refunded', data: object) {
  ids += 1;
  const subject = type === 'money.reserved' ? 'money.calls' : 'money.ends';
  return { subject, draft: { id: `e${ids}`, type, source: 'backend', data } as Draft };
}

const files: Record<string, string> = { 'a.js': 'export const a = 1;' };
async function check(then: object, messages: readonly Stored[]) {
  return checkExpectations(
    // biome-ignore lint/suspicious/noThenProperty: a scenario's third word.
    { then: Expectations.parse(then) },
    {
      messages,
      readFile: async (path) => files[path],
      commits: async () => [{ sha: 'abc', author: 'backend-2', subject: 'T1: Keep links' }],
    },
  );
}
const failing = async (then: object, messages: readonly Stored[]) =>
  (await check(then, messages))
    .filter(({ ok }) => !ok)
    .map(({ what, expected, actual }) => `${what}: ${expected} / ${actual}`);

const climbed = streamOf(
  event('created'),
  event('started', { status: 'working', attempt: 1, agent: 'backend' }),
  event('failed', { status: 'retrying', attempt: 2, rung: 2 }),
  event('started', { status: 'working', attempt: 2, rung: 2, agent: 'backend' }),
  event('failed', { status: 'retrying', phase: 'planning', attempt: 4, rung: 4 }),
  event('escalated', { status: 'escalated', attempt: 4, rung: 4 }),
  event('reassigned', { status: 'ready', attempt: 4, role: 'frontend' }),
  event('started', { status: 'working', attempt: 5, agent: 'frontend', role: 'frontend' }),
  event('completed', {
    status: 'done',
    attempt: 5,
    role: 'frontend',
    agent: 'frontend',
    reassigned: 1,
    score: 81,
    band: 'good',
    spent: { inputTokens: 1, outputTokens: 1, cost: 0.25, workingMs: 1 },
    evidence: [{ check: 'tests', ok: true, by: 'harness', detail: '' }],
  }),
);

const paid = streamOf(
  ofMoney('money.reserved', { call: 'a.t1', worst: 3 }),
  ofMoney('money.reserved', { call: 'b.t1', worst: 0.05 }),
  ofMoney('money.reserved', { call: 'c.t1', worst: 7 }),
  ofMoney('money.settled', { call: 'a.t1', cost: 0.2 }),
  ofMoney('money.refunded', { call: 'c.t1' }),
);

describe('expectations', () => {
  it('are met by a run that went as it should', async () => {
    const then = {
      tasks: {
        store: {
          status: 'done',
          role: 'frontend',
          attempts: 5,
          reassigned: { atLeast: 1 },
          rungs: ['standard', 'recall', 'decompose', 'escalate', 'standard'],
          evidence: ['tests'],
          score: { atLeast: 75 },
          band: ['elite', 'good'],
        },
      },
      messages: [{ on: 'task.*', type: 'task.completed', count: 1 }],
      files: [
        { path: 'a.js', contains: 'const a' },
        { path: 'b.js', absent: true },
      ],
      commits: { count: 1, by: { backend: 1 } },
      cost: { atMost: 0.25 },
      retries: 2,
      escalations: 1,
    };
    expect(await failing(then, climbed)).toEqual([]);
  });

  it('that are not met say what was expected and what was', async () => {
    const then = {
      tasks: { store: { status: 'abandoned', attempts: { atMost: 3 } }, slug: { status: 'done' } },
      agents: { backend: { visits: ['crashed'] } },
      messages: [{ on: 'qa.alerts' }],
      files: [{ path: 'b.js' }, { path: 'a.js', lacks: 'const' }],
      milestones: ['first-deployment'],
    };
    expect(await failing(then, climbed)).toEqual([
      'task store: status: abandoned / done',
      'task store: attempts: at most 3 / 5',
      'task slug: a task / none was created',
      'task slug: status: done / none',
      'agent backend: visits: crashed / none',
      'messages on qa.alerts: at least 1 / 0',
      'file b.js: the file is there / no such file',
      'file a.js: contains "const": it does not / it does',
      'milestones: first-deployment / none',
    ]);
  });

  it('come with the five events before', async () => {
    const [first] = await check({ tasks: { store: { attempts: 1 } } }, [
      ...climbed,
      ...streamOf(event('created', { id: 'T2', key: 'D1.other' })),
    ]);
    expect(first?.ok).toBe(false);
    expect(first?.before.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9]);
  });

  it('come with events of the work, not with the ticks of a quiet afternoon', async () => {
    const tick = (slot: number) => ({
      subject: 'clock.digest',
      draft: {
        id: `tick.digest.${slot}`,
        type: 'clock.ticked',
        source: 'clock',
        data: { duty: 'digest', slot, due: start },
      } as Draft,
    });
    const messages = [...climbed, ...streamOf(...[1, 2, 3, 4, 5].map(tick))];
    const [first] = await check({ files: [{ path: 'none.js' }] }, messages);
    expect(first?.ok).toBe(false);
    expect(first?.before).toEqual(climbed.slice(-5));
  });

  it('count a role as all its agents, and a state as its substates', async () => {
    const messages = streamOf(agentState('backend-2', 'working.executing'), agentState('backender', 'crashed'));
    expect(await failing({ agents: { backend: { visits: ['working', 'working.executing'] } } }, messages)).toEqual([]);
    expect(await failing({ agents: { backend: { visits: ['crashed'] } } }, messages)).toHaveLength(1);
  });
});

describe('losses', () => {
  it('are none in a run that went well', () => {
    expect(countLosses(climbed)).toEqual({ lost: [], duplicated: [], retries: 2, escalations: 1, cost: 0 });
    expect(countLosses(paid).cost).toBe(0.25);
  });

  it('are tasks that never ended', async () => {
    const messages = streamOf(event('created'), event('started', { status: 'working', attempt: 1 }));
    expect(countLosses(messages).lost).toEqual(['D1.store']);
    expect(await failing({}, messages)).toEqual(['lost: 0 / 1 (D1.store)']);
  });

  it('are completions and starts that happened twice', () => {
    const messages = streamOf(
      event('started', { attempt: 1, agent: 'backend' }),
      event('started', { attempt: 1, agent: 'backend-2' }),
      event('completed', { status: 'done' }),
      event('completed', { status: 'done' }),
    );
    expect(countLosses(messages).duplicated).toEqual([
      'D1.store was completed 2 times',
      'attempt 1 of D1.store was started by backend and by backend-2',
    ]);
  });

  it('are not what a crashed agent leaves to the next one', () => {
    const messages = streamOf(
      event('started', { attempt: 1, agent: 'backend' }),
      agentState('backend', 'crashed'),
      event('started', { attempt: 1, agent: 'backend-2' }),
      event('completed', { status: 'done' }),
    );
    expect(countLosses(messages).duplicated).toEqual([]);
  });
});

describe('the ending of a run', () => {
  const scenario = { until: [{ task: 'store', is: 'done' as const }], when: [{ at: start }] };

  it('is reached when tasks, events and conditions are all through', () => {
    const ending = createEnding(scenario);
    for (const { message } of climbed.slice(0, -1)) ending.told(message);
    expect(ending.reached()).toBe(false);
    expect(ending.open()).toEqual([
      'T1 D1.store is working with frontend',
      'event 1 of `when` has not happened',
      'not yet: task store is done',
    ]);
    for (const { message } of climbed.slice(-1)) ending.told(message);
    expect(ending.reached()).toBe(false);
    ending.happened(0);
    expect(ending.reached()).toBe(true);
    expect(ending.open()).toEqual([]);
  });

  it('is not reached before there was any work', () => {
    expect(createEnding({ until: [], when: [] }).reached()).toBe(false);
  });
});
