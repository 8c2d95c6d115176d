// From pull request to product: the forge checks it, another role reviews it, the host merges it. Nobody merges their own.

import type { Evidence, Pull } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Org } from '../../org/org.ts';
import type { TestRun, Validation } from '../../tools/tools.ts';
import type { TaskWork, Verdict } from '../duty.ts';
import { permission } from '../permission.ts';
import { failed, productFor, recorded, short, using } from './failing.ts';

/** The pull request as this attempt recorded it. */
export type Pulled = { readonly number: number; readonly head: string };

type Review = Pull['reviews'][number];

/**
 * Who reviews the work of a role: a colleague under the same boss before anybody else, in the order of the org chart.
 * Undefined when nobody but the author's own role can.
 */
export function reviewerFor(org: Org, authorRole: string): string | undefined {
  const boss = org.roles.find((role) => role.name === authorRole)?.boss;
  const able = org.roles.filter((role) => role.duties.includes('review') && role.name !== authorRole);
  return (able.find((role) => role.boss === boss) ?? able[0])?.name;
}

async function openPull(work: TaskWork, number: number): Promise<Pull> {
  const pull = await using(() => work.tools.forge.get(number));
  if (!pull) throw failed('environment', `the forge does not know pull ${number}`);
  return pull;
}

/** Checks it on the default branch as it is now. Throws WorkFailure (`quality`) when that fails. */
async function green(work: TaskWork, pull: Pull): Promise<Pull> {
  const checked = await work.tools.forge.check(pull, productFor(work, pull.product).test, work.signal);
  const last = checked.checks.at(-1);
  if (!last?.ok) throw failed('quality', `checks of pull ${pull.number}: ${last?.summary ?? 'they did not run'}`);
  return checked;
}

async function askReview(work: TaskWork, pull: Pull): Promise<Verdict> {
  const reviewer = reviewerFor(work.org, pull.authorRole);
  if (reviewer === undefined) throw failed('permanent', `nobody but ${pull.authorRole} can review pull ${pull.number}`);
  await work.publish<'review.requested'>(subjects.tasksFor(reviewer), {
    id: `pull.${pull.number}.review.${short(pull.head)}`,
    type: 'review.requested',
    data: { pull: pull.number, task: work.task.id, head: pull.head },
  });
  return { awaiting: `waits for review of pull ${pull.number} by ${reviewer}` };
}

/** Merges what was checked on the default branch as it is now: when that has moved since, it is checked again first. */
async function merge(work: TaskWork, pull: Pull, review: Review, checkedOn: string): Promise<string> {
  const { task, tools, turn } = work;
  const onto = await tools.products.head(pull.product);
  const checked = onto === checkedOn ? pull : await green(work, pull);
  const message = `${task.id}: ${task.title}\n\nReviewed-by: ${review.by}`;
  const { merged } = await tools.forge.merge(checked, { message, author: pull.author, at: turn.now() });
  if (merged === undefined) throw failed('environment', `pull ${pull.number} has no merge commit`);
  return merged;
}

/** Evidence for a pull request: what this attempt's steps established, the review and the merge. */
export async function verifyPull(work: TaskWork): Promise<Verdict> {
  const { number, head } = await recorded<Pulled>(work, 'pull');
  const checks = await work.step('check', () =>
    using(async () => {
      const asked = await openPull(work, number);
      const onto = await work.tools.products.head(asked.product);
      const { checks: all } = await green(work, asked);
      return { summary: all.at(-1)?.summary ?? 'passed', onto };
    }),
  );
  const pull = await openPull(work, number);
  const review = pull.reviews.findLast((one) => one.head === head);
  if (!review) return askReview(work, pull);
  if (review.verdict === 'reject') {
    throw failed('quality', `${review.by} rejected pull ${number}: ${review.notes.join('; ') || 'no reason given'}`);
  }
  const wish = { tool: 'merge', summary: `pull ${number} of ${pull.product} at ${short(head)}` };
  const awaiting = await permission(work, wish, short(head));
  if (awaiting !== undefined) return { awaiting };
  const merged = await work.step('merge', () => using(() => merge(work, pull, review, checks.onto)));
  work.note({ pull: number, merged });
  await work.publish<'brain.feature'>(subjects.brain('feature'), {
    id: `feature.${work.task.id}`,
    type: 'brain.feature',
    data: { task: work.task.id, title: work.task.title, commit: merged },
  });
  return { evidence: await evidenceOf(work, { head, checks: checks.summary, review, merged }) };
}

async function evidenceOf(
  work: TaskWork,
  found: { readonly head: string; readonly checks: string; readonly review: Review; readonly merged: string },
): Promise<readonly Evidence[]> {
  const { head: commit, review } = found;
  const { unchecked } = await recorded<Validation>(work, 'validate');
  const tests = await recorded<TestRun>(work, 'test');
  const skipped = unchecked.map(({ path, why }) => `${path}: ${why}`).join('; ');
  const of = (check: Evidence['check'], detail: string, by = 'harness'): Evidence => ({
    check,
    ok: true,
    commit,
    by,
    detail,
  });
  return [
    of(
      'syntax',
      skipped === '' ? 'every file parses' : `every file that could be checked parses; not checked: ${skipped}`,
    ),
    of('tests', tests.summary),
    of('checks', found.checks),
    of('review', review.notes.join('; ') || 'approved', review.by),
    of('merge', `merged as ${short(found.merged)}`),
  ];
}
