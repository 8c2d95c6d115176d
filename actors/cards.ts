// What a person is shown before they allow a merge or a deployment: facts that the harness computed, and apart from them what
// agents say. Nothing an agent wrote can pass for a fact.

import { DECISIONS, DIGEST } from '../bus/documents.ts';
import type { Product, Pull } from '../bus/records.ts';
import type { Products } from '../tools/tools.ts';
import type { TaskWork } from './duty.ts';
import type { Card } from './permission.ts';

/** Files that are named; of more only the number is told. */
const MOST_FILES = 12;
/** Characters of a claim. */
const MOST_SAID = 500;

type Change = { readonly path: string; readonly added: number; readonly removed: number };

/** Lines of `now` that `old` has not, counting repeats. */
function missing(old: string, now: string): number {
  const left = new Map<string, number>();
  for (const line of old.split('\n')) left.set(line, (left.get(line) ?? 0) + 1);
  return now.split('\n').filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  }).length;
}

/** Which files differ between two commits, and by how many lines; a moved line counts as none. */
export async function changesBetween(products: Products, slug: string, base: string, head: string): Promise<Change[]> {
  const changes: Change[] = [];
  for (const { path, kind } of await products.changed(slug, head, base)) {
    const old = kind === 'added' ? '' : ((await products.read(slug, base, path)) ?? '');
    const now = kind === 'deleted' ? '' : ((await products.read(slug, head, path)) ?? '');
    if (old !== now) changes.push({ path, added: missing(old, now), removed: missing(now, old) });
  }
  return changes;
}

const dollars = (amount: number) => `$${amount.toFixed(2)}`;

const claim = (by: string, text: string) => ({ by, text: text.slice(0, MOST_SAID) });

/** The card of a merge. The facts are about exactly the head of the pull request. */
export async function mergeCard(
  work: TaskWork,
  pull: Pull,
  found: { readonly checks: string; readonly reviews: Pull['reviews'] },
): Promise<Card> {
  const { task, tools } = work;
  const changes = await changesBetween(tools.products, pull.product, pull.base, pull.head);
  const total = (pick: (one: Change) => number) => changes.reduce((sum, one) => sum + pick(one), 0);
  const named = changes.slice(0, MOST_FILES).map(({ path, added, removed }) => `${path} +${added} -${removed}`);
  const more = changes.length > MOST_FILES ? [`and ${changes.length - MOST_FILES} more`] : [];
  return {
    facts: [
      { name: 'head', value: `${pull.head} on ${pull.branch}` },
      {
        name: 'change',
        value: `${changes.length} files, +${total((one) => one.added)} -${total((one) => one.removed)}`,
      },
      { name: 'files', value: [...named, ...more].join(', ') },
      { name: 'in the same commit', value: `${DIGEST} brought up to date; a record in ${DECISIONS}/ where it decides` },
      { name: 'tests', value: found.checks },
      { name: 'reviews', value: found.reviews.map(({ by, verdict }) => `${by}: ${verdict}`).join(', ') || 'none' },
      { name: 'cost', value: `${dollars(task.spent.cost)} in ${task.attempt} attempts` },
    ],
    said: [
      claim(pull.author, pull.title),
      ...found.reviews.flatMap(({ by, notes }) => (notes.length === 0 ? [] : [claim(by, notes.join('; '))])),
    ],
  };
}

/** The card of a deployment. */
export function deployCard(
  work: TaskWork,
  { start, health }: Product,
  { commit, before }: { readonly commit: string; readonly before: string | null },
): Card {
  return {
    facts: [
      { name: 'commit', value: commit },
      { name: 'live now', value: before ?? 'nothing' },
      { name: 'command', value: start?.join(' ') ?? 'none' },
      { name: 'checks', value: health.map(({ method, path }) => `${method} ${path}`).join(', ') || 'none' },
    ],
    said: [claim(work.task.agent ?? work.agent, work.task.title)],
  };
}
