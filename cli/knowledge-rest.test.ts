import { expect, test } from 'vitest';
import { createLibrary, type Library } from '../brain/knowledge/library.ts';
import { restingAfter } from './knowledge-rest.ts';

const QUIET_MS = 30;

function counted() {
  const counts = { opened: 0, closed: 0 };
  const library: Library = createLibrary(
    async () => {
      counts.opened += 1;
      return undefined;
    },
    () => {},
    new AbortController().signal,
  );
  const close = async () => {
    counts.closed += 1;
    await library.close();
  };
  return { counts, library: { ...library, close } };
}

test('knowledge that nobody asks for a while is closed once, and opened again by the next question', async () => {
  const { counts, library } = counted();
  const resting = restingAfter(QUIET_MS, library);
  await Promise.all([resting.search('one'), resting.search('two'), resting.read('a.md')]);
  await expect.poll(() => counts.closed).toBe(1);
  const before = counts.opened;
  await resting.search('three');
  expect(counts.opened).toBe(before + 1);
  await expect.poll(() => counts.closed).toBe(2);
});

test('what is closed is not closed again later', async () => {
  const { counts, library } = counted();
  const resting = restingAfter(QUIET_MS, library);
  await resting.search('one');
  await resting.close();
  const other = counted();
  const later = restingAfter(QUIET_MS, other.library);
  await later.search('two');
  // By then the first one's time is over as well.
  await expect.poll(() => other.counts.closed).toBe(1);
  expect(counts.closed).toBe(1);
});
