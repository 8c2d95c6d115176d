// What org.yaml says of money: dollars a day in short, or day, month and task apart.

import { z } from 'zod';
import type { Caps } from './org.ts';

/** Part of a cap at which people are warned, unless told. */
const WARN_AT = 0.8;

const NO_BUDGET = 'is no budget; write US dollars a day, or { day: 5, month: 100 }';

const Dollars = z.number().positive();

const caps = {
  day: Dollars.optional().meta({ description: 'US dollars in a day, of UTC.' }),
  month: Dollars.optional().meta({ description: 'US dollars in a calendar month, of UTC.' }),
};
const task = Dollars.optional().meta({ description: 'US dollars for one task.' });

export const RoleBudget = z
  .union([Dollars, z.strictObject({ ...caps, task }).meta({ title: 'budget' })], NO_BUDGET)
  .meta({ description: 'What the agents of a role may spend: US dollars a day, or day, month and task apart.' });

export const TeamBudget = z
  .union([Dollars, z.strictObject(caps).meta({ title: 'budget' })], NO_BUDGET)
  .meta({ description: 'What a role may spend together with everybody below it.' });

export const CompanyBudget = z
  .union(
    [
      Dollars,
      z
        .strictObject({
          ...caps,
          task,
          warn: z
            .number()
            .gt(0)
            .max(1)
            .optional()
            .meta({ description: `Part of a cap at which people are warned; ${WARN_AT} unless told.` }),
        })
        .meta({ title: 'budget' }),
    ],
    NO_BUDGET,
  )
  .meta({ description: 'What everybody may spend together.' });

type Budget = Caps & { readonly task?: number | undefined };

/** A budget as it is written, with the short form spelled out. */
export function capsOf(budget: number | Budget | undefined): Budget {
  if (typeof budget === 'number') return { day: budget };
  return { day: budget?.day, month: budget?.month, task: budget?.task };
}

/** Part of a cap at which people are warned. */
export function warnAt(budget: z.infer<typeof CompanyBudget> | undefined): number {
  return (typeof budget === 'object' ? budget.warn : undefined) ?? WARN_AT;
}

/** A budget in words; undefined for none. */
export function budgetText({ day, month, task: each }: Budget): string | undefined {
  const parts = [
    ...(day === undefined ? [] : [`$${day} a day`]),
    ...(month === undefined ? [] : [`$${month} a month`]),
    ...(each === undefined ? [] : [`$${each} a task`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}
