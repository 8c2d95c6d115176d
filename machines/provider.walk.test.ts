// Every state and transition of the provider chart, and what a storm of late and early answers may and may not do to it.

import { expect, test } from 'vitest';
import type { initialTransition } from 'xstate';
import { type Edge, placesOf, stranded, walk } from '../tests/walk.ts';
import { providerPolicy } from './policy.ts';
import {
  buildProviderMachine,
  nextStanding,
  type ProviderEvent,
  type ProviderMachine,
  type Standing,
  unheard,
} from './provider.ts';

type Snapshot = ReturnType<typeof initialTransition<ProviderMachine>>[0];

const machine = buildProviderMachine(providerPolicy);
const NOW = 1_000_000_000;

/** Turns are counted without end; what decides is whether an event is of the present one. */
const keyOf = ({ value, context }: Snapshot) => JSON.stringify([value, Math.min(context.failed, 12)]);

/** Of the present turn, of the one before and of one to come; due and not yet due. */
function events({ context }: Snapshot): ProviderEvent[] {
  const { turn, until = NOW } = context;
  return [
    { type: 'DUE', at: until - 1 },
    { type: 'DUE', at: until },
    ...[turn, turn - 1, turn + 1].flatMap((one): ProviderEvent[] => [
      { type: 'ANSWERED', turn: one },
      { type: 'RELEASED', turn: one, at: NOW },
      { type: 'FAILED', turn: one, at: NOW, reason: 'busy', lasting: false },
      { type: 'FAILED', turn: one, at: NOW, reason: 'the key was refused', lasting: true },
      { type: 'FAILED', turn: one, at: NOW, reason: 'busy', waitMs: 9e12, lasting: false },
    ]),
  ];
}

const { situations, edges } = walk(machine, { events, key: keyOf });
const moved = edges.filter(({ commands }) => commands.length > 0);

/** What may lead where, written down a second time. */
const ways = (edge: Edge<ProviderMachine>) => `${edge.from.value} ${edge.event.type} ${edge.to.value}`;

test('every state is reached, and these are all the ways there are', () => {
  expect([...new Set(situations.map(({ value }) => String(value)))].sort()).toEqual(placesOf(machine).sort());
  expect([...new Set(moved.map(ways))].sort()).toEqual([
    'broken DUE probing',
    'healthy FAILED broken',
    'healthy FAILED throttled',
    'probing ANSWERED healthy',
    'probing DUE probing',
    'probing FAILED broken',
    'probing FAILED throttled',
    'probing RELEASED throttled',
    'throttled DUE probing',
  ]);
});

test('from every situation a way leads back to health', () => {
  expect(stranded(edges, keyOf, ({ value }) => value === 'healthy')).toEqual([]);
});

test('every change is told once, is another turn, and says what the state now is; what changes nothing tells nothing', () => {
  for (const { from, to, commands } of edges) {
    if (commands.length === 0) {
      expect([to.value, to.context]).toEqual([from.value, from.context]);
      continue;
    }
    expect(commands).toEqual([{ type: 'tell', standing: { state: to.value, ...to.context } }]);
    expect(to.context.turn).toBe(from.context.turn + 1);
  }
});

test('an answer or a failure of another turn is not heard', () => {
  for (const { from, event, commands } of edges) {
    if (event.type !== 'DUE' && event.turn !== from.context.turn) expect(commands).toEqual([]);
  }
});

test('nobody is let through before the instant', () => {
  for (const { from, event, commands } of edges) {
    if (event.type === 'DUE' && event.at < (from.context.until ?? NOW)) expect(commands).toEqual([]);
  }
});

test('a state other than healthy has an instant and a reason, and healthy has neither', () => {
  for (const { value, context } of situations) {
    const healthy = value === 'healthy';
    expect([context.until === undefined, context.reason === undefined, context.failed === 0]).toEqual(
      healthy ? [true, true, true] : [false, false, false],
    );
  }
});

/** A provider that fails whenever it is probed. */
function outage(tries: number, lasting = false, waitMs?: number): { standing: Standing; waitedMs: number }[] {
  let standing = unheard;
  let at = NOW;
  return Array.from({ length: tries }, () => {
    const { turn } = standing;
    standing =
      nextStanding(machine, standing, { type: 'FAILED', turn, at, reason: 'busy', lasting, waitMs }) ?? standing;
    const failed = standing;
    const waitedMs = (standing.until ?? 0) - at;
    at += waitedMs;
    standing = nextStanding(machine, standing, { type: 'DUE', at }) ?? standing;
    return { standing: failed, waitedMs };
  });
}

test('the waits are 15, 30, 60, 90 and 120 s; then the circuit is open and probes come after 5 to 60 minutes', () => {
  const waits = outage(12);
  const minutes = [5, 10, 20, 40, 60, 60, 60].map((one) => one * 60_000);
  expect(waits.map(({ waitedMs }) => waitedMs)).toEqual([15_000, 30_000, 60_000, 90_000, 120_000, ...minutes]);
  expect(waits.map(({ standing }) => standing.state)).toEqual([
    ...Array.from({ length: 5 }, () => 'throttled'),
    ...Array.from({ length: 7 }, () => 'broken'),
  ]);
});

test('a provider that asks for longer is obeyed up to an hour, and never undercuts our own wait', () => {
  expect(outage(1, false, 40_000)[0]?.waitedMs).toBe(40_000);
  expect(outage(1, false, 1_000)[0]?.waitedMs).toBe(15_000);
  expect(outage(1, false, 7 * 86_400_000)[0]?.waitedMs).toBe(3_600_000);
});

test('a wrong key opens the circuit at once', () => {
  expect(outage(1, true)[0]).toMatchObject({ standing: { state: 'broken' }, waitedMs: 300_000 });
});
