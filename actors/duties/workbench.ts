// The task's clone with a draft in it, and who the commit of it says has done it.

import type { FileChange, Product, Task } from '../../bus/records.ts';
import type { Clone, CommitInfo, Kept } from '../../tools/tools.ts';
import type { TaskWork } from '../duty.ts';
import { using } from './failing.ts';

/** Who began this attempt is its author, whoever finishes it after a crash: the same work, the same commit. */
export type Opened = {
  /** The commit that the author sees. */
  readonly start: string;
  /** Set: that commit is partial work of the lineage. */
  readonly on?: Kept | undefined;
  readonly branch: string;
  readonly at: number;
  readonly author: string;
};

/** The commit: subject, why, and trailers that say who did it for which task. */
export function infoOf(task: Task, { author, at }: Opened, summary: string): CommitInfo {
  return { message: `${task.id}: ${task.title}\n\n${summary}\n\nTask: ${task.id}\nAgent: ${author}`, author, at };
}

export type Workbench = {
  /** Paths that the draft writes. */
  readonly written: readonly string[];
  /** The clone with the draft in it, made when it is first needed in this process. */
  clone(): Promise<Clone>;
  /** Commits the draft, as Products does; a second time in this process it gives the same, for nobody writes there in between. */
  commit(summary: string): Promise<string | undefined>;
  /** The draft applied, as a step of its own. */
  record(): Promise<void>;
  close(): Promise<void>;
};

export function workbench(work: TaskWork, product: Product, opened: Opened, files: readonly FileChange[]): Workbench {
  const { products } = work.tools;
  let open: Clone | undefined;
  let committed: { readonly head: string | undefined } | undefined;
  const clone = async () => {
    if (open) return open;
    const made = await products.openClone(product.slug, work.task.id, opened.branch, opened.on);
    if (files.length > 0) await products.apply(made, files, opened.start);
    open = made;
    return made;
  };
  return {
    written: files.flatMap((file) => ('content' in file ? [file.path] : [])),
    clone,
    async commit(summary) {
      committed ??= { head: await products.commit(await clone(), infoOf(work.task, opened, summary)) };
      return committed.head;
    },
    async record() {
      await work.step('apply', () =>
        using(async () => {
          await clone();
          return files.map(({ path }) => path);
        }),
      );
    },
    async close() {
      if (open) await products.closeClone(open);
    },
  };
}
