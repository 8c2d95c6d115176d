// Work that is honestly partial. What there is of it is kept on its branch, checked by the harness, and a follow-up in the
// same lineage goes on from there; the task itself is done when that is. Nothing is reset, and no verdict is changed: what
// is kept is no evidence.

import type { Continued, FileChange, Product, WorkReport } from '../../bus/records.ts';
import type { TaskWork } from '../duty.ts';
import { WorkFailure } from '../duty.ts';
import { blockers, failureOf } from '../engines/blockers.ts';
import type { Drafted } from '../engines/engine.ts';
import { fileTasks } from '../file-tasks.ts';
import { followUpOf } from '../follow-up.ts';
import { short, using } from './failing.ts';
import { infoOf, type Opened, type Workbench } from './workbench.ts';

/** True when somebody can go on with it: it is partial, there is something of it, and a next step; and its code allows it. */
export function canHandOn({ status, blocker, nextStep }: WorkReport, files: readonly FileChange[]): boolean {
  if (status !== 'partial' || nextStep === undefined || files.length === 0) return false;
  return blocker === undefined || blockers[blocker].followUp;
}

/** Commits what there is and keeps it; how the tests went is said with it. */
function save(work: TaskWork, bench: Workbench, opened: Opened, product: Product, report: WorkReport) {
  const { products } = work.tools;
  return work.step<Omit<Continued, 'report' | 'task'> | null>('save', () =>
    using(async () => {
      const clone = await bench.clone();
      const { findings } = await products.validate(clone, bench.written);
      const [first] = findings;
      const tests = first
        ? `syntax: ${first.path}:${first.line}:${first.column} ${first.message}`
        : (await products.test(clone, product.test, work.signal)).summary;
      const made = await products.commit(clone, infoOf(work.task, opened, `Partial: ${report.summary}`));
      if (made === undefined) return null;
      return { ...(await products.keep(clone)), branch: opened.branch, tests };
    }),
  );
}

/**
 * Keeps partial work and files the follow-up; the task then waits for it like for any part of its own.
 * Throws WorkFailure: the report's own when there is nothing to keep.
 */
export async function handOn(
  work: TaskWork,
  bench: Workbench,
  opened: Opened,
  product: Product,
  report: WorkReport,
): Promise<void> {
  await bench.record();
  const saved = await save(work, bench, opened, product, report);
  if (saved === null) throw new WorkFailure(failureOf(report));
  const { planned, filing } = followUpOf(work.task, { ...saved, task: work.task.id, report });
  const [followUp] = await fileTasks(work, [planned], filing);
  if (!followUp) throw new Error('a plan of one task makes one task');
  work.note({ commit: saved.commit, summary: report.summary, children: [followUp.id] });
  await using(() => bench.close());
}

/**
 * What becomes of an attempt with which nobody can go on at once. Partial work about which a person must decide first is
 * committed and kept with the task: when they let it be tried again, it goes on from there.
 */
export async function giveUp(
  work: TaskWork,
  bench: Workbench,
  opened: Opened,
  product: Product,
  { report, files, ended }: Drafted,
): Promise<WorkFailure> {
  const failure = ended ?? failureOf(report);
  if (report.status !== 'partial' || files.length === 0 || failure.kind !== 'permanent')
    return new WorkFailure(failure);
  await bench.record();
  const saved = await save(work, bench, opened, product, report);
  if (saved === null) return new WorkFailure(failure);
  work.note({ commit: saved.commit, continues: { ...saved, task: work.task.id, report } });
  await using(() => bench.close());
  return new WorkFailure({ ...failure, reason: `${failure.reason}; what is there is kept as ${short(saved.commit)}` });
}
