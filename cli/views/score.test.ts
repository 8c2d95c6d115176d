import { expect, test } from 'vitest';
import { painter } from '../output.ts';
import { renderScore } from './score.ts';

const WHY = 'syntax: 1 finding; qa: Small; tested; says why; no linter: the product has no lint script of its own';

test('a ledger says each reason whole, within 80 columns', () => {
  const row = {
    signal: 'quality' as const,
    value: 0.5,
    weight: 0.15,
    share: 1,
    points: 50,
    why: WHY,
    evidence: ['task.T1.x'],
  };
  const ledger = {
    rows: [row],
    missing: [{ signal: 'qa' as const, weight: 0.3, why: 'nothing was run '.repeat(5).trim() }],
  };
  const view = { task: 'T1', title: 'Store links', agent: 'backend-1', score: 50, band: 'acceptable', ledger };
  const lines = renderScore(view, painter(false), 80);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  const told = lines.map((line) => line.slice(44).trim()).join(' ');
  expect(told).toContain(WHY);
  expect(told).toContain('nothing was run; its weight counts for the others');
});
