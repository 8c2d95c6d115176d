import { expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { START, Story } from '../tests/fixtures/story.ts';
import { chooseCompany, followFrom } from './connect.ts';

const known = [
  { company: 'old', lastAt: 1 },
  { company: 'new', lastAt: 2 },
];

test('of several companies the one that spoke last is read, and the others are named', () => {
  const said: string[] = [];
  expect(chooseCompany(known, undefined, (line) => said.push(line))).toBe('new');
  expect(said).toEqual(['new (others here: old; choose with --company)']);
});

test('the only company is read without a word', () => {
  const said: string[] = [];
  expect(chooseCompany(known.slice(0, 1), undefined, (line) => said.push(line))).toBe('old');
  expect(said).toEqual([]);
});

test('a company that is not there is refused with those that are', () => {
  expect(() => chooseCompany(known, 'other', () => {})).toThrow(
    expect.objectContaining({ exit: 2, next: 'it holds: old, new' }),
  );
  expect(() => chooseCompany([], undefined, () => {})).toThrow(expect.objectContaining({ exit: 5 }));
});

function liveCompany() {
  const bus = new MemoryBus('acme', new VirtualClock({ start: START }));
  const mission = (n: number) =>
    bus.publish('brain.mission', {
      id: `mission.${n}`,
      type: 'brain.mission',
      source: 'operator',
      data: { text: `${n}` },
    });
  return { reading: { bus, company: 'acme', live: true, noted: false }, mission };
}

test('following a live company shows what comes, until Ctrl+C', async () => {
  const { reading, mission } = liveCompany();
  await mission(1);
  const ctrlC = new AbortController();
  const seen: number[] = [];
  const following = followFrom(
    reading,
    { filter: 'brain.>', fromSeq: undefined },
    { drain: ctrlC.signal },
    ({ seq }) => {
      seen.push(seq);
      if (seq === 3) ctrlC.abort();
      return true;
    },
  );
  await mission(2);
  await mission(3);
  await following;
  await mission(4);
  expect(seen).toEqual([2, 3]);
});

test('following ends when the reader has enough', async () => {
  const { reading, mission } = liveCompany();
  await mission(1);
  const seen: number[] = [];
  const { signal } = new AbortController();
  const following = followFrom(
    reading,
    { filter: '>', fromSeq: 1 },
    { drain: signal },
    ({ seq }) => seen.push(seq) < 2,
  );
  await mission(2);
  await mission(3);
  await following;
  expect(seen).toEqual([1, 2]);
});

test('a company that does not run is followed to its last message', async () => {
  const story = new Story().agent('ceo', 'idle').agent('cto', 'idle');
  const bus = MemoryBus.load('acme', new VirtualClock({ start: START }), story.history);
  const seen: number[] = [];
  const { signal } = new AbortController();
  await followFrom(
    { bus, company: 'acme', live: false, noted: false },
    { filter: '>', fromSeq: 1 },
    { drain: signal },
    ({ seq }) => seen.push(seq) > 0,
  );
  expect(seen).toEqual([1, 2]);
});
