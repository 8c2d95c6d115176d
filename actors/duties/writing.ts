// The core of every duty that changes files of a product: an engine drafts, and what it drafted becomes a commit on the
// task's own branch, a pull request, and, once the harness and somebody else agree, a part of the product.
//
// Steps: open, those of the engine (actors/engines/), apply, validate, test, commit, pull (execute); check, merge (verify).
// Work that is honestly partial is kept and handed on instead (handing-on.ts).
// Invariants:
//   W1. What a model wrote runs nowhere but in the sandbox, in the task's own clone.
//   W2. The clone is a cache: it does not survive a crash, and is made again from the recorded draft.
//   W3. Evidence is about the head of the pull request, and none of it is the author's word.
//   W4. What the harness writes into a product (bus/documents.ts) no author writes.
//   W5. What the author says of the work opens no door: `complete` without a difference, or with failing tests, has failed.

import { refusedDocument } from '../../bus/documents.ts';
import type { Product, WorkReport } from '../../bus/records.ts';
import { engineFor } from '../../org/engines.ts';
import { branchFor } from '../../tools/names.ts';
import type { TestRun, Validation } from '../../tools/tools.ts';
import type { Stated } from '../documents.ts';
import type { TaskDuty, TaskWork } from '../duty.ts';
import type { Ground } from '../engines/engine.ts';
import { engines } from '../engines/registry.ts';
import { allowed } from '../permission.ts';
import { failed, productFor, using } from './failing.ts';
import { canHandOn, giveUp, handOn } from './handing-on.ts';
import { type LintRun, lint } from './linting.ts';
import { type Pulled, verifyPull } from './merging.ts';
import { type Opened, type Workbench, workbench } from './workbench.ts';

/** Paths of a draft that its record keeps. */
const MOST_PATHS = 50;

export type Writing = {
  readonly name: string;
  readonly types: readonly string[];
  /** Why a file may not be written by this duty; undefined when it may. */
  readonly refusePath: (path: string) => string | undefined;
};

/** Where the attempt starts: the product as it is, or the work that the task goes on with. */
async function open(work: TaskWork, product: Product): Promise<Opened> {
  return work.step('open', () =>
    using(async () => {
      const at = work.turn.now();
      const { head } = await work.tools.products.ensure(product, at);
      const { id, title, continues } = work.task;
      const on = continues && { commit: continues.commit, base: continues.base };
      return { start: on?.commit ?? head, on, branch: branchFor(id, title), at, author: work.agent };
    }),
  );
}

async function validate(work: TaskWork, bench: Workbench, paths: readonly string[]): Promise<void> {
  const { findings } = await work.step<Validation>('validate', () =>
    using(async () => work.tools.products.validate(await bench.clone(), paths)),
  );
  if (findings.length === 0) return;
  const lines = findings.slice(0, 5).map((one) => `${one.path}:${one.line}:${one.column} ${one.message}`);
  throw failed('quality', `syntax: ${lines.join('; ')}`);
}

async function test(work: TaskWork, bench: Workbench, product: Product): Promise<void> {
  const run = await work.step<TestRun & { readonly lint?: LintRun }>('test', () =>
    using(async () => {
      const tested = await work.tools.products.test(await bench.clone(), product.test, work.signal);
      // Says nothing about the work, so it is no result of this step: the same attempt tests again later.
      if (tested.outcome === 'missing' || tested.outcome === 'no-sandbox') throw failed('environment', tested.summary);
      // How it is made is worth asking once it works. The linter is part of the score and stops nobody.
      return tested.ok
        ? { ...tested, lint: await lint(work.tools.products, await bench.clone(), work.signal) }
        : tested;
    }),
  );
  if (!run.ok) throw failed('quality', `tests: ${run.summary}`);
}

/** The head of the branch with the draft in it. Work that is gone on with is a difference too, also when nothing is added. */
async function commit(work: TaskWork, bench: Workbench, opened: Opened, summary: string): Promise<string> {
  const { head } = await work.step('commit', () =>
    using(async () => {
      const made = await bench.commit(summary);
      return { head: made ?? opened.on?.commit ?? null };
    }),
  );
  if (head === null) throw failed('quality', 'no difference: the files are as they were');
  return head;
}

/** Opens the pull request. After a crash the clone is made again; on a default branch that has moved that is another commit. */
async function pull(
  work: TaskWork,
  bench: Workbench,
  opened: Opened,
  report: WorkReport,
  head: string,
): Promise<Pulled> {
  const { task, tools } = work;
  const { summary } = report;
  return work.step('pull', () =>
    using(async () => {
      await allowed(work, { tool: 'open_pull', summary: `${task.id}: ${task.title}`, destination: opened.branch });
      const clone = await bench.clone();
      const now = (await bench.commit(summary)) ?? head;
      const { number } = await tools.forge.open({
        clone,
        head: now,
        title: `${task.id}: ${task.title}`,
        task: task.id,
        author: opened.author,
        authorRole: work.role.name,
      });
      return { number, head: now, stated: statedIn(report, task.continues?.report) };
    }),
  );
}

/** What the author says of the whole work, with what was said of the part that it goes on with. */
function statedIn(report: WorkReport, before: WorkReport | undefined): Stated {
  return {
    decisions: [...(before?.decisions ?? []), ...report.decisions],
    risks: [...report.risks],
    manualSteps: [...(before?.manualSteps ?? []), ...report.manualSteps],
  };
}

/** From a finished draft to a pull request: nothing of this is the engine's, and nothing of it takes the author's word. */
async function submit(
  work: TaskWork,
  bench: Workbench,
  opened: Opened,
  product: Product,
  report: WorkReport,
): Promise<void> {
  const { summary } = report;
  await bench.record();
  await validate(work, bench, bench.written);
  await test(work, bench, product);
  const head = await commit(work, bench, opened, summary);
  const pulled = await pull(work, bench, opened, report, head);
  work.note({ commit: pulled.head, pull: pulled.number, summary });
  await using(() => bench.close());
}

async function execute(work: TaskWork, { refusePath }: Writing): Promise<void> {
  const { task, role } = work;
  const product = productFor(work, task.product);
  const opened = await open(work, product);
  work.note({ branch: opened.branch });
  const { start, on, branch } = opened;
  const refuse = (path: string) => refusedDocument(path) ?? refusePath(path);
  const ground: Ground = { product, start, on, branch, refusePath: refuse };
  const drafted = await engines[engineFor(role, task.type)](work, ground);
  const { report, files } = drafted;
  work.note({ paths: files.map(({ path }) => path).slice(0, MOST_PATHS) });
  const bench = workbench(work, product, opened, files);
  if (report.status === 'complete') return submit(work, bench, opened, product, report);
  if (!canHandOn(report, files)) throw await giveUp(work, bench, opened, product, drafted);
  await handOn(work, bench, opened, product, report);
}

/** A duty that writes files: what differs is only where it may write. */
export function writingDuty(writing: Writing): TaskDuty {
  return {
    kind: 'task',
    thinks: true,
    name: writing.name,
    types: writing.types,
    needs: ['syntax', 'tests', 'checks', 'review', 'merge'],
    execute: (work) => execute(work, writing),
    verify: verifyPull,
  };
}
