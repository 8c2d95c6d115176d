// The hands, as ports: what duties may do to the world. Implementations live beside this file; everything here is called
// by the host, never by a model.

import type { Changed, Document } from '../bus/documents.ts';
import type { FileChange, HealthCheck, Product, Pull } from '../bus/records.ts';
import type { Coders } from './engines/coder.ts';
import type { Web } from './web/web.ts';

/** A task's own clone of a product repository: never a worktree of the host's. */
export type Clone = {
  /** `<task>/tree`, below the work folder: a record of a clone names no folder of this machine. */
  readonly dir: string;
  readonly product: string;
  readonly branch: string;
  /** Commit on the default branch that its work leaves from. */
  readonly base: string;
  /** Commit whose files it starts with: `base`, or the head of work that is gone on with. */
  readonly from: string;
};

/** Commits that were kept without a pull request, for somebody to go on with. */
export type Kept = { readonly commit: string; readonly base: string };

export type Applied = {
  readonly written: readonly string[];
  readonly deleted: readonly string[];
  /** Files whose previous content was kept, relative to the backup folder of the task. */
  readonly backups: readonly string[];
};

/** One thing a validator found; `line` and `column` are 1-based. */
export type Finding = {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
};

export type Validation = {
  readonly findings: readonly Finding[];
  /** Files that could not be checked, and why ("python3 is not on the PATH"). */
  readonly unchecked: readonly { readonly path: string; readonly why: string }[];
};

export type TestRun = {
  readonly ok: boolean;
  /** `passed`, `failed`: the command ended; the others: it was ended. */
  readonly outcome: 'passed' | 'failed' | 'timeout' | 'memory' | 'output' | 'missing' | 'no-sandbox';
  /** One line, free of times, paths and ports of this machine, so that the same code gives the same words. */
  readonly summary: string;
  /** The end of the output, cleaned the same way, at most 4 KB. */
  readonly tail: string;
  /** With which the command ended, when it ended by itself. */
  readonly code?: number;
};

export type CommitInfo = { readonly message: string; readonly author: string; readonly at: number };

export type Committing = CommitInfo & {
  /** Sees all that the clone changes, as `changes` gives it: what it throws is thrown, and nothing is committed. */
  readonly look?: (changes: readonly FileChange[]) => void;
};

export type MergeInfo = CommitInfo & {
  /**
   * What the harness writes into the same commit.
   * @param seen the commit that is merged onto, and the tree that the merge would have
   */
  readonly documents?: (seen: { readonly onto: string; readonly tree: string }) => Promise<readonly Document[]>;
};

/** Product repositories, under `products/<slug>`. */
export interface Products {
  /** Creates the repository on first use. Idempotent. Returns the head of the default branch. */
  ensure(product: Product, at: number): Promise<{ readonly created: boolean; readonly head: string }>;
  head(slug: string): Promise<string>;
  /** The content of one file at a commit; undefined when it is not there. */
  read(slug: string, commit: string, path: string): Promise<string | undefined>;
  /** Paths at a commit, sorted. */
  list(slug: string, commit: string): Promise<readonly string[]>;
  /** What a commit or tree changes; `from`: its first parent unless told. */
  changed(slug: string, to: string, from?: string): Promise<readonly Changed[]>;
  /** Commits of the default branch, newest first. */
  log(slug: string): Promise<readonly { readonly sha: string; readonly author: string; readonly subject: string }[]>;
  /**
   * A clean clone for a task, on its branch; what an earlier attempt left in it is gone.
   * @param on work to go on with; the head of the default branch unless told
   */
  openClone(slug: string, task: string, branch: string, on?: Kept): Promise<Clone>;
  /**
   * Writes a model's files into the clone, after the path guard, keeping backups.
   * @param draftedOn commit the author saw; a file that changed since then, into something else than these, is a conflict
   * Throws PathRefused, Conflict.
   */
  apply(clone: Clone, files: readonly FileChange[], draftedOn: string): Promise<Applied>;
  validate(clone: Clone, paths: readonly string[]): Promise<Validation>;
  /** Runs the product's test command in the sandbox, on the clone as it is. */
  test(clone: Clone, argv: readonly string[], signal: AbortSignal): Promise<TestRun>;
  /** Commits everything; undefined when nothing changed. Author and committer dates are `at`: the same work, the same id. */
  commit(clone: Clone, info: Committing): Promise<string | undefined>;
  /** What differs in the clone from the commit it starts from, by path. Throws PathRefused for what is no plain text file. */
  changes(clone: Clone): Promise<readonly FileChange[]>;
  /** Brings the clone's branch into the product's repository, without a pull request: nothing of it is lost with the clone. */
  keep(clone: Clone): Promise<Kept>;
  closeClone(clone: Clone): Promise<void>;
  /**
   * Commits documents of the harness on the default branch, unless they are there in the same words.
   * Returns the head that has them. Throws what landing throws (LOCAL_EDITS, DOCUMENT_REFUSED).
   */
  document(slug: string, documents: readonly Document[], info: CommitInfo): Promise<string>;
}

/** Pull requests of product repositories. */
export interface Forge {
  /** Fetches the branch from the clone and opens a pull request; the same branch and head gives the same one. */
  open(request: {
    readonly clone: Clone;
    readonly head: string;
    readonly title: string;
    readonly task: string;
    readonly author: string;
    readonly authorRole: string;
  }): Promise<Pull>;
  get(number: number): Promise<Pull | undefined>;
  /** Runs the product's tests on the merge of the pull request with the default branch as it is now, and records it. */
  check(pull: Pull, argv: readonly string[], signal: AbortSignal): Promise<Pull>;
  /** Records a verdict bound to a head. Throws ReviewRefused for the author or its role, or another head. */
  review(pull: Pull, review: Pull['reviews'][number]): Promise<Pull>;
  /** Squash-merges what was checked, on the default branch as it is, and approved. Idempotent. Throws MergeRefused (`conflict`, `unreviewed`, `unchecked`, `moved`). */
  merge(pull: Pull, info: MergeInfo): Promise<Pull>;
  close(pull: Pull): Promise<Pull>;
}

export type Probe = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** Runs products on this machine. */
export interface Deployer {
  /** Starts a commit of the product beside the running one; it does not take over before `promote`. */
  start(product: Product, commit: string): Promise<{ readonly ok: boolean; readonly detail: string }>;
  /** Asks each check of the product at that commit, or of what is live when `commit` is undefined. */
  probe(product: Product, checks: readonly HealthCheck[], commit?: string): Promise<readonly Probe[]>;
  /** Makes a started commit the live one and ends the one before. */
  promote(product: Product, commit: string): Promise<void>;
  /** Ends a started commit that did not pass. */
  discard(product: Product, commit: string): Promise<void>;
  /** What is live, with its loopback address. */
  live(slug: string): { readonly commit: string; readonly url: string } | undefined;
  /** Ends every process this deployer started. */
  close(): Promise<void>;
}

export interface Tools {
  readonly web: Web;
  readonly products: Products;
  readonly forge: Forge;
  readonly deployer: Deployer;
  /** Command lines as employees; a simulated company has none. */
  readonly coders?: Coders | undefined;
}
