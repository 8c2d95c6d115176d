// The policy of the agent chart by example.

import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { createTestModel } from 'xstate/graph';
import type { FailureKind } from '../bus/records.ts';
import { answers, fresh, keyOf, newTasks, policyOf } from '../tests/fixtures/agent.ts';
import { placeOf } from '../tests/walk.ts';
import { type AgentCommand, type AgentEvent, buildAgentMachine, type WorkView } from './agent.ts';

describe('an agent', () => {
  const policy = policyOf(['standard', 'recall', 'consult', 'decompose', 'escalate']);
  const machine = buildAgentMachine(policy);

  /** Plays events to a living actor; what it asked for and where it stands. */
  function play(...events: AgentEvent[]) {
    const commands: AgentCommand[] = [];
    const actor = createActor(machine, { input: { agent: 'backend-1' } });
    actor.on('*', (command) => void commands.push(command));
    actor.start();
    for (const event of events) actor.send(event);
    const snapshot = actor.getSnapshot();
    return { commands, place: placeOf(snapshot), snapshot };
  }
  const assign = (work: Partial<WorkView>): AgentEvent => ({ type: 'ASSIGN', work: { ...fresh, ...work } });
  const fail = (kind: FailureKind, rest: { until?: number; affordable?: boolean } = {}): AgentEvent => ({
    type: 'FAILED',
    failure: { kind, reason: `${kind} failed`, ...(rest.until === undefined ? {} : { until: rest.until }) },
    affordable: rest.affordable ?? true,
  });

  test('does a task that goes well in four steps', () => {
    const done = play(
      assign({}),
      { type: 'BRIEFED' },
      { type: 'EXECUTED' },
      { type: 'VERIFIED' },
      { type: 'REPORTED' },
    );
    expect(done.commands.map(({ type }) => type)).toEqual(['brief', 'execute', 'verify', 'report']);
    expect(done.place).toBe('idle');
  });

  test.each([
    ['briefing', 'working.briefing'],
    ['executing', 'working.executing'],
    ['verifying', 'working.verifying'],
    ['reporting', 'working.reporting'],
    ['backing-off', 'retrying.backingOff'],
    ['planning', 'decomposing.planning'],
  ] as const)('resumes a task that was %s in %s', (phase, place) => {
    const resumed = play(assign({ phase, attempt: 2, rung: 2, waits: 1 }));
    expect(resumed.place).toBe(place);
    expect(resumed.snapshot.context.work).toEqual({ ...fresh, phase, attempt: 2, rung: 2, waits: 1 });
  });

  test('backs off longer with each rung and each wait, up to the limit', () => {
    const ms = (work: Partial<WorkView>, kind: FailureKind) =>
      play(assign(work), fail(kind)).commands.flatMap((command) => (command.type === 'backOff' ? [command.ms] : []));
    expect(ms({ rung: 1 }, 'quality')).toEqual([1000]);
    expect(ms({ rung: 2 }, 'contract')).toEqual([2000]);
    expect(ms({ rung: 1 }, 'environment')).toEqual([1000]);
    expect(ms({ rung: 1, waits: 1 }, 'dependency')).toEqual([2000]);
    expect(ms({ rung: 3, waits: 1 }, 'quota')).toEqual([6000]);
  });

  test('waits until the instant that a quota failure names', () => {
    const { commands } = play(assign({}), fail('quota', { until: 1_700_000_000_000 }));
    expect(commands.at(-1)).toEqual({ type: 'backOff', ms: 1000, until: 1_700_000_000_000 });
  });

  test('goes idle when a long wait was put back', () => {
    const parked = play(assign({}), fail('quota'), { type: 'PARKED' });
    expect(parked.place).toBe('idle');
    expect(parked.snapshot.context.work).toBeUndefined();
  });

  test('goes idle while a review or its subtasks are awaited', () => {
    expect(play(assign({ phase: 'verifying' }), { type: 'AWAITING' }).place).toBe('idle');
    const delegated = play(assign({ phase: 'planning' }), { type: 'PLANNED' }, { type: 'DELEGATED' });
    expect(delegated.commands.map(({ type }) => type)).toEqual(['plan', 'delegate']);
    expect(delegated.place).toBe('idle');
  });

  test('stays on its rung when it waits', () => {
    const { snapshot } = play(assign({ rung: 2, attempt: 2 }), fail('environment'));
    expect(snapshot.context.work).toMatchObject({ rung: 2, attempt: 2, waits: 1 });
  });

  test.each([
    [2, 'recall', 'retrying.recalling'],
    [3, 'consult', 'retrying.consulting'],
    [4, 'plan', 'decomposing.planning'],
  ] as const)('after a wait on rung %i asks for %s again', (rung, command, place) => {
    const again = play(assign({ phase: 'backing-off', rung, attempt: rung, waits: 1 }), { type: 'DUE' });
    expect(again.place).toBe(place);
    expect(again.commands.at(-1)?.type).toBe(command);
  });

  test('plans again after a wait that began while it was planning', () => {
    const again = play(assign({ phase: 'planning', rung: 4, attempt: 4 }), fail('quota'), { type: 'DUE' });
    expect(again.place).toBe('decomposing.planning');
  });

  test('escalates with the reason of the failure', () => {
    expect(play(assign({}), fail('permanent')).commands.at(-1)).toEqual({
      type: 'escalate',
      reason: 'permanent failed',
    });
  });

  test('escalates a new task of a lineage that is spent, and lets a begun one finish', () => {
    const refused = play(assign({ affordable: false }));
    expect(refused.commands).toEqual([{ type: 'escalate', reason: 'the lineage has no budget left' }]);
    expect(play(assign({ phase: 'reporting', affordable: false })).place).toBe('working.reporting');
  });

  test('tries the same escalation again when escalating failed', () => {
    const again = play(assign({}), fail('permanent'), fail('environment'));
    expect(again.place).toBe('escalated');
    expect(again.commands.filter(({ type }) => type === 'escalate')).toEqual([
      { type: 'escalate', reason: 'permanent failed' },
      { type: 'escalate', reason: 'permanent failed' },
    ]);
  });

  test('never waits when the policy allows no waits', () => {
    const strict = buildAgentMachine(policyOf(['standard', 'escalate'], 0));
    const actor = createActor(strict, { input: { agent: 'qa' } }).start();
    actor.send(assign({}));
    actor.send(fail('quota'));
    expect(actor.getSnapshot().value).toBe('escalated');
  });
});

describe('the chart and a living actor', () => {
  const machine = buildAgentMachine(policyOf(['standard', 'recall', 'escalate'], 1));
  const events = [...newTasks, ...answers];
  const paths = createTestModel(machine).getShortestPaths({
    input: { agent: 'backend-1' },
    events,
    filterEvents: (snapshot, event) => snapshot.can(event),
    serializeState: (snapshot, event, previous) => keyOf(snapshot) + event?.type + JSON.stringify(previous?.value),
  });

  test('agree along every path', async () => {
    for (const path of paths) {
      const actor = createActor(machine, { input: { agent: 'backend-1' } }).start();
      await path.test({
        states: {
          '*': (expected) => {
            // Not the whole context: of situations that go on alike the walk keeps one.
            expect(keyOf(actor.getSnapshot())).toBe(keyOf(expected));
          },
        },
        events: Object.fromEntries(
          events.map(({ type }) => [type, (one: { event: AgentEvent }) => actor.send(one.event)]),
        ),
      });
      actor.stop();
    }
    expect(paths.length).toBeGreaterThan(20);
  });
});
