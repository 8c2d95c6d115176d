import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Capped, micro, periodEnd, pursesOf, raiseOf, shortOf } from './wallet.ts';

const at = Date.UTC(2026, 0, 31, 23, 59, 59, 999);

describe('purses', () => {
  it('go from the company down to the task, by day and by month', () => {
    const payer = { role: 'backend', teams: ['cto', 'ceo'], lineage: 'T1', task: 'T1-2' };
    expect(pursesOf(payer, at).map(({ name }) => name)).toEqual([
      'company.month.2026-01',
      'company.day.2026-01-31',
      'team.ceo.month.2026-01',
      'team.ceo.day.2026-01-31',
      'team.cto.month.2026-01',
      'team.cto.day.2026-01-31',
      'role.backend.month.2026-01',
      'role.backend.day.2026-01-31',
      'lineage.T1',
      'task.T1-2',
    ]);
  });

  it('are new ones a millisecond later, when the day and the month are over', () => {
    const [month, day] = pursesOf({ role: 'qa', teams: [] }, at + 1);
    expect([month?.name, day?.name]).toEqual(['company.month.2026-02', 'company.day.2026-02-01']);
    expect(periodEnd('day', at)).toBe(at + 1);
    expect(periodEnd('month', at)).toBe(at + 1);
    expect(periodEnd('month', at + 1)).toBe(Date.UTC(2026, 2, 1));
    expect(periodEnd('whole', at)).toBeUndefined();
  });
});

const purse = (cap: number, used: number): Capped => ({ name: 'p', wallet: 'p', span: 'day', cap, used });

describe('a call', () => {
  it('fits when its worst case is exactly what is left, and not when it is a millionth more', () => {
    expect(shortOf([purse(10, 3)], 7)).toBeUndefined();
    expect(shortOf([purse(10, 3)], 8)).toMatchObject({ used: 3 });
  });

  it('is short of the highest wallet first', () => {
    const company = { ...purse(5, 5), name: 'company' };
    expect(shortOf([company, purse(1, 1)], 1)?.name).toBe('company');
  });

  it('is never free: what costs less than a millionth counts as one', () => {
    expect(micro(1e-9)).toBe(1);
    expect(micro(0.1 + 0.2)).toBe(300_000);
    expect(micro(0)).toBe(0);
  });

  it('fits after a raise, whatever it was short of', () => {
    const amount = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(amount, amount, amount, (cap, used, worst) => {
        const short = purse(cap, used);
        const raised = purse(cap + raiseOf(short, worst), used);
        expect(shortOf([raised], worst)).toBeUndefined();
      }),
    );
  });
});
