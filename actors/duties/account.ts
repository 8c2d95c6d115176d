// What the company costs, from the ledger: figures in finance.ts, asked for here, filed on the stream and in a product.

import { type Document, FINANCE } from '../../bus/documents.ts';
import { HeadcountError } from '../../bus/errors.ts';
import type { Product } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { dollars } from '../../machines/wallet.ts';
import type { Org } from '../../org/org.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { cappedOf, teamsOf } from '../money/caps.ts';
import { spendOf } from '../money/spend.ts';
import { booksOf, financeDocument, financeReport, type Purse } from './finance.ts';

/** The metrics that remember the last report: what it counted, US dollars, and when it was made, epoch ms. */
const REPORTED = 'cost_reported';
const REPORTED_AT = 'cost_reported_at';

/** Every purse of the company and its roles that has a cap, once. */
function budgetsOf({ org, board }: Pick<JobWork, 'org' | 'board'>, now: number): readonly Purse[] {
  const { books } = board;
  const purses = org.roles.flatMap((role) =>
    cappedOf(org, role, { role: role.name, teams: teamsOf(org, role) }, now, books),
  );
  const once = new Map(purses.map((purse) => [purse.name, purse]));
  const stateOf = (name: string) => {
    if (books.stopOf(name)) return 'stopped';
    return books.warned(name) ? 'nearly empty' : 'open';
  };
  return [...once.values()].map(({ name, used, cap }) => ({
    purse: name,
    used: dollars(used),
    cap: dollars(cap),
    state: stateOf(name),
  }));
}

/** Where reports are kept: the first product that is the company's own. Nothing is put unasked into a person's. */
function keeperOf({ products }: Org): Product | undefined {
  return products.find(({ repo, automation }) => repo === undefined && automation !== 'supervised');
}

/** Puts the report into the product; the same one again changes nothing. Returns what kept it out, if anything. */
async function keep(work: JobWork, week: string, document: Document, at: number): Promise<string | null> {
  const product = keeperOf(work.org);
  if (product === undefined) return null;
  const { products } = work.tools;
  try {
    await products.ensure(product, at);
    const message = `Finance report of ${week}\n\nAgent: ${work.agent}`;
    await products.document(product.slug, [document], { message, author: work.agent, at });
    return null;
  } catch (error) {
    // What is in the way of a file is none in the way of the books.
    if (error instanceof HeadcountError) return error.message;
    throw error;
  }
}

async function run(work: JobWork): Promise<void> {
  const { board, company, bus, message, agent, role } = work;
  const made = await work.step('account', async () => {
    const now = work.turn.now();
    const state = company.get();
    const reported = { at: state.metrics[REPORTED_AT], total: state.metrics[REPORTED] ?? 0 };
    const known = { spends: await spendOf(bus), tasks: board.tasks(), company: state, budgets: budgetsOf(work, now) };
    const books = booksOf(known, reported, now);
    const summary = financeReport(books);
    return { week: books.week, summary, text: financeDocument(books, summary), total: books.total, at: now };
  });
  const document = { path: `${FINANCE}/${made.week}.md`, content: made.text };
  const trouble = await work.step('document', () => keep(work, made.week, document, made.at));
  const id = `finance.${message.id}`;
  const note = trouble === null ? '' : `\n\nThe product has no copy of it: ${trouble}`;
  await work.publish<'report.filed'>(subjects.reports, {
    id,
    type: 'report.filed',
    data: {
      id,
      kind: 'finance',
      by: agent,
      role: role.name,
      status: 'info',
      summary: made.summary + note,
      cost: made.total,
    },
  });
  // Last, for they say that all of it is done.
  for (const [name, value] of [
    [REPORTED_AT, made.at],
    [REPORTED, made.total],
  ] as const) {
    await work.publish<'brain.metric'>(subjects.brain('metric'), {
      id: `${id}.${name}`,
      type: 'brain.metric',
      data: { name, value },
    });
  }
}

export const account: StandingDuty = {
  kind: 'standing',
  name: 'account',
  filters: [],
  types: ['clock.ticked'],
  wants: ({ board, company }, message) =>
    message.type === 'clock.ticked' && dollars(board.books.total) !== (company.get().metrics[REPORTED] ?? 0),
  run,
};
