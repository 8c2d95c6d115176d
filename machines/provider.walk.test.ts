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
const keyOf = ({ value, context }: Snapshot) =>
  JSON.stringify([value, Math.min(context.failed, 12), Math.min(context.probes, 7)]);

/** Of the present turn, of the first probe, of the one before that and of one to come; due and not yet due. */
function events({ context }: Snapshot): ProviderEvent[] {
  const { turn, until = NOW, probes } = context;
  const turns = new Set([turn, turn - probes + 1, turn - Math.max(probes, 1), turn + 1]);
  return [
    { type: 'DUE', at: until - 1 },
    { type: 'DUE', at: until },
    ...[...turns].flatMap((one): ProviderEvent[] => [
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

test('what was asked in another turn is not heard, but for a probe that another one was let through after', () => {
  const heard = new Set<string>();
  for (const { from, event, commands } of edges) {
    if (event.type === 'DUE' || event.turn === from.context.turn) continue;
    const { turn, probes } = from.context;
    const isProbe = from.value === 'probing' && event.turn < turn && event.turn > turn - probes;
    if (!isProbe || event.type === 'RELEASED') expect(commands).toEqual([]);
    else heard.add(`${event.type} ${commands.length}`);
  }
  expect([...heard].sort()).toEqual(['ANSWERED 1', 'FAILED 1']);
});

test('only a provider that is probed has probes, and nobody counts them after it', () => {
  for (const { value, context } of situations) expect(context.probes > 0).toBe(value === 'probing');
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

/** A provider in trouble whose answers take this long, asked by everybody as soon as one call is let through. */
function slow(answerMs: number, probes: number): { readonly letThroughMs: number[]; readonly end: Standing } {
  let standing = unheard;
  const tell = (event: ProviderEvent) => {
    standing = nextStanding(machine, standing, event) ?? standing;
  };
  tell({ type: 'FAILED', turn: 0, at: NOW, reason: 'slow', lasting: false });
  const begun: { turn: number; at: number }[] = [];
  for (let index = 0; index < probes && standing.state !== 'healthy'; index += 1) {
    const at = standing.until ?? NOW;
    const done = begun.find((probe) => probe.at + answerMs <= at);
    if (done) tell({ type: 'ANSWERED', turn: done.turn });
    else {
      tell({ type: 'DUE', at });
      begun.push({ turn: standing.turn, at });
    }
  }
  return { letThroughMs: begun.map(({ at }, index) => at - (begun[index - 1]?.at ?? at)), end: standing };
}

test.each([1, 3, 9, 40])(
  'a provider that takes %i minutes to answer is found to work by the first answer of a probe',
  (minutes) => {
    expect(slow(minutes * 60_000, 10).end).toMatchObject({ state: 'healthy', probes: 0, failed: 0 });
  },
);

test('a provider that never answers gets calls further and further apart, up to an hour', () => {
  const { letThroughMs, end } = slow(Number.POSITIVE_INFINITY, 8);
  expect(letThroughMs.map((ms) => ms / 60_000)).toEqual([0, 2, 4, 8, 16, 32, 60, 60]);
  expect(end).toMatchObject({ state: 'probing', probes: 8 });
});

test('a wrong key opens the circuit at once', () => {
  expect(outage(1, true)[0]).toMatchObject({ standing: { state: 'broken' }, waitedMs: 300_000 });
});
