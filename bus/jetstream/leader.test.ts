import { describe, expect, test } from 'vitest';
import { isFollowed } from './leader.ts';

const SECOND_NS = 1_000_000_000;
const node = (name: string, seconds: number, current = true) => ({
  name,
  current,
  active: seconds * SECOND_NS,
  offline: false,
  lag: 0,
});

describe('a leader is believed', () => {
  test('where there are no others', () => {
    expect(isFollowed(undefined)).toBe(true);
    expect(isFollowed({ leader: 'n1' })).toBe(true);
    expect(isFollowed({ leader: 'n1', replicas: [] })).toBe(true);
  });

  test('while it hears of a majority, itself counted', () => {
    const of = (...replicas: ReturnType<typeof node>[]) => isFollowed({ leader: 'n1', replicas });
    expect(of(node('n2', 0.5), node('n3', 60, false))).toBe(true);
    expect(of(node('n2', 3), node('n3', 3))).toBe(true);
    expect(of(node('n2', 3.5), node('n3', 4))).toBe(false);
    expect(of(node('n2', 1), node('n3', 1), node('n4', 9), node('n5', 9))).toBe(true);
    expect(of(node('n2', 1), node('n3', 9), node('n4', 9), node('n5', 9))).toBe(false);
  });

  test('not before it has heard of anybody', () => {
    expect(isFollowed({ leader: 'n1', replicas: [node('n2', 0, false), node('n3', 0, false)] })).toBe(false);
    expect(isFollowed({ replicas: [node('n2', 0), node('n3', 0)] })).toBe(false);
  });
});
