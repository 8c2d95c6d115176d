// How the work of a task that changes files comes about. Whatever the engine, it hands back the same: what its worker says
// of the work (a claim), and the files. What follows is the harness's: validate, test, commit, review (duties/writing.ts).

import type { BlockerCode } from '../../bus/blocker-code.ts';
import type { Failure, FileChange, Product, WorkReport } from '../../bus/records.ts';
import { PathRefused } from '../../tools/paths.ts';
import type { Kept } from '../../tools/tools.ts';
import type { TaskWork } from '../duty.ts';
import { blocked } from './blockers.ts';

/** Where an attempt starts. */
export type Ground = {
  readonly product: Product;
  /** The commit whose files the author sees. */
  readonly start: string;
  /** Set: that commit is somebody's partial work. */
  readonly on: Kept | undefined;
  readonly branch: string;
  /** Why a file may not be written by this duty; undefined when it may. */
  readonly refusePath: (path: string) => string | undefined;
};

export type Drafted = {
  readonly report: WorkReport;
  readonly files: readonly FileChange[];
  /** What ended it, where that was no word of its worker; it counts when nobody can go on at once. */
  readonly ended?: Failure;
};

/**
 * Does the work of one attempt as recorded steps: after a crash it comes to the same end without paying again.
 * Throws WorkFailure.
 */
export type Engine = (work: TaskWork, ground: Ground) => Promise<Drafted>;

/**
 * What a limit of the engine has left: partial work, in the harness's words, for whoever did it came to say nothing of it. It is
 * kept like any partial work (duties/handing-on.ts), and somebody goes on with it.
 * @param why which limit, as part of a sentence: `its 60 turns are used up`
 */
export function cutShort(why: string, files: readonly FileChange[], blocker: BlockerCode = 'timeout'): Drafted {
  const report: WorkReport = {
    status: 'partial',
    blocker,
    summary: `Cut short: ${why}. Nobody has said how far it is; ${plural(files.length)} changed.`,
    nextStep: 'Look at what is there, run the tests, finish what the task asks for, and hand in.',
    done: [],
    decisions: [],
    risks: ['It was cut off in the middle: what is there may be half written.'],
    attempted: [],
    manualSteps: [],
  };
  return { report, files, ended: blocked(blocker, why) };
}

const plural = (files: number) => (files === 1 ? 'one file' : `${files} files`);

/** The first file that this duty may not write; undefined when it may write all of them. */
export function refusedFile(files: readonly FileChange[], { refusePath }: Ground): PathRefused | undefined {
  for (const { path } of files) {
    const why = refusePath(path);
    if (why !== undefined) return new PathRefused(path, why);
  }
  return undefined;
}

/** Records a file that was refused before any tool got it. */
export function tellPath(work: TaskWork, { message }: PathRefused): Promise<void> {
  return work.refused({ tool: 'write_file', summary: `a draft for ${work.task.id}`, rule: 'path', reason: message });
}
