// The core of every duty that changes files of a product: a draft becomes a commit on the task's own branch, a pull request,
// and, once the harness and somebody else agree, a part of the product.
//
// Steps: open, write, apply, validate, test, commit, pull (execute); check, merge (verify).
// Invariants:
//   W1. What a model wrote runs nowhere but in the sandbox, in the task's own clone.
//   W2. The clone is a cache: it does not survive a crash, and is made again from the recorded draft.
//   W3. Evidence is about the head of the pull request, and none of it is the author's word.

import type { AnswerTo } from '../../brain/answers.ts';
import type { Product, Task } from '../../bus/records.ts';
import { branchFor } from '../../tools/names.ts';
import type { Clone, CommitInfo, Validation } from '../../tools/tools.ts';
import type { TaskDuty, TaskWork } from '../duty.ts';
import { allowed } from '../permission.ts';
import { failed, productFor, using } from './failing.ts';
import { type Pulled, verifyPull } from './merging.ts';
import { productSections } from './source.ts';

/** Who began this attempt is its author, whoever finishes it after a crash: the same work, the same commit. */
type Opened = { readonly base: string; readonly branch: string; readonly at: number; readonly author: string };
type Draft = AnswerTo<'write'>;

export type Writing = {
  readonly name: string;
  readonly types: readonly string[];
  /** Why a file may not be written by this duty; undefined when it may. */
  readonly refusePath: (path: string) => string | undefined;
};

/** The commit: subject, why, and trailers that say who did it for which task. */
function infoOf(task: Task, { author, at }: Opened, summary: string): CommitInfo {
  return { message: `${task.id}: ${task.title}\n\n${summary}\n\nTask: ${task.id}\nAgent: ${author}`, author, at };
}

/** The task's clone with the draft in it, made when it is first needed in this process. */
function workbench(work: TaskWork, product: Product, opened: Opened, draft: Draft) {
  const { products } = work.tools;
  let open: Clone | undefined;
  return {
    async clone(): Promise<Clone> {
      if (open) return open;
      const clone = await products.openClone(product.slug, work.task.id, opened.branch);
      await products.apply(clone, draft.files, opened.base);
      open = clone;
      return clone;
    },
    async close(): Promise<void> {
      if (open) await products.closeClone(open);
    },
  };
}

type Workbench = ReturnType<typeof workbench>;

function refuse(draft: Draft, refusePath: Writing['refusePath']): string | undefined {
  for (const { path } of draft.files) {
    const why = refusePath(path);
    if (why !== undefined) return `${JSON.stringify(path.slice(0, 120))} is refused: ${why}`;
  }
  return undefined;
}

async function open(work: TaskWork, product: Product): Promise<Opened> {
  return work.step('open', () =>
    using(async () => {
      const at = work.turn.now();
      const { head } = await work.tools.products.ensure(product, at);
      return { base: head, branch: branchFor(work.task.id, work.task.title), at, author: work.agent };
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
  const run = await work.step('test', () =>
    using(async () => {
      const tested = await work.tools.products.test(await bench.clone(), product.test, work.signal);
      // Says nothing about the work, so it is no result of this step: the same attempt tests again later.
      if (tested.outcome === 'missing' || tested.outcome === 'no-sandbox') throw failed('environment', tested.summary);
      return tested;
    }),
  );
  if (!run.ok) throw failed('quality', `tests: ${run.summary}`);
}

async function commit(work: TaskWork, bench: Workbench, opened: Opened, draft: Draft): Promise<string> {
  const info = infoOf(work.task, opened, draft.summary);
  const { head } = await work.step('commit', () =>
    using(async () => ({ head: (await work.tools.products.commit(await bench.clone(), info)) ?? null })),
  );
  if (head === null) throw failed('quality', 'no difference: the files are as they were');
  return head;
}

/** Opens the pull request. After a crash the clone is made again; on a default branch that has moved that is another commit. */
async function pull(work: TaskWork, bench: Workbench, opened: Opened, draft: Draft, head: string): Promise<Pulled> {
  const { task, tools } = work;
  return work.step('pull', () =>
    using(async () => {
      await allowed(work, { tool: 'open_pull', summary: `${task.id}: ${task.title}`, destination: opened.branch });
      const clone = await bench.clone();
      const now = (await tools.products.commit(clone, infoOf(task, opened, draft.summary))) ?? head;
      const { number } = await tools.forge.open({
        clone,
        head: now,
        title: `${task.id}: ${task.title}`,
        task: task.id,
        author: opened.author,
        authorRole: work.role.name,
      });
      return { number, head: now };
    }),
  );
}

async function execute(work: TaskWork, writing: Writing): Promise<void> {
  const { task, tools } = work;
  const product = productFor(work, task.product);
  const opened = await open(work, product);
  work.note({ branch: opened.branch });
  const about = [task.title, task.description, ...task.acceptance].join('\n');
  const sections = await using(() => productSections(tools.products, product, opened.base, about));
  const draft = await work.think('write', sections, (answer) => refuse(answer, writing.refusePath));
  const bench = workbench(work, product, opened, draft);
  await work.step('apply', () =>
    using(async () => {
      await bench.clone();
      return draft.files.map(({ path }) => path);
    }),
  );
  const written = draft.files.flatMap((file) => ('content' in file ? [file.path] : []));
  await validate(work, bench, written);
  await test(work, bench, product);
  const head = await commit(work, bench, opened, draft);
  const pulled = await pull(work, bench, opened, draft, head);
  work.note({ commit: pulled.head, pull: pulled.number, summary: draft.summary });
  await using(() => bench.close());
}

/** A duty that writes files: what differs is only where it may write. */
export function writingDuty(writing: Writing): TaskDuty {
  return {
    kind: 'task',
    name: writing.name,
    types: writing.types,
    needs: ['syntax', 'tests', 'checks', 'review', 'merge'],
    execute: (work) => execute(work, writing),
    verify: verifyPull,
  };
}
