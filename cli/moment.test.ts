import { describe, expect, test } from 'vitest';
import { START, Story } from '../tests/fixtures/story.ts';
import { UsageError } from './errors.ts';
import { OutOfRange, sequenceAt } from './moment.ts';

/** Five messages at 09:00, 09:00, 09:30, 10:30 and the next day 09:30. */
function history() {
  const story = new Story()
    .agent('ceo', 'idle')
    .agent('cto', 'idle')
    .pass(30 * 60_000)
    .agent('ceo', 'working');
  story.pass(60 * 60_000).agent('ceo', 'idle');
  story.at = START + 24.5 * 3_600_000;
  return story.agent('cto', 'working').history;
}

describe('a moment is the last sequence that belongs to it', () => {
  test.each([
    ['1', 1],
    ['5', 5],
    ['+0s', 2],
    ['+30m', 3],
    ['+00:45', 3],
    ['+1h30m', 4],
    ['+01:30:00', 4],
    ['+1d30m', 5],
    ['2026-01-05T09:29:59Z', 2],
    ['2026-01-05T10:30:00.000Z', 4],
    ['2026-01-06T08:00:00Z', 4],
    // Times of day are the last ones of that name.
    ['09:30', 5],
    ['09:29', 4],
    ['10:29', 3],
  ])('%s is %i', (text, seq) => {
    expect(sequenceAt(text, history())).toBe(seq);
  });

  test.each(['0', '-1', '6', '+2d', '2026-01-05T08:59:59Z', '2027-01-01'])('%s is out of range', (text) => {
    expect(() => sequenceAt(text, history())).toThrow(OutOfRange);
    expect(() => sequenceAt(text, history())).toThrow(
      expect.objectContaining({ exit: 2, next: expect.stringContaining('from 1 to 5, from 2026-01-05T09:00:00.000Z') }),
    );
  });

  test.each(['soon', '25:00', '+5', '+5x', '09:61', '', '2026-02-30T08:00:00Z', '2026-13-01'])(
    '%j is no moment',
    (text) => {
      expect(() => sequenceAt(text, history())).toThrow(UsageError);
    },
  );

  test('an empty history has none', () => {
    expect(() => sequenceAt('1', [])).toThrow('outside');
    expect(() => sequenceAt('+1h', [])).toThrow('outside');
  });
});
