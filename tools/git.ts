// git, the only way this project runs it: simple-git with fixed argument templates, no configuration but the repository's own,
// and nothing a repository could make it execute. The callers (repo.ts, clone.ts) own every template; no text of a model is
// ever an option, and messages go in by standard input.
//
// Invariants:
//   G1. The repository is always named (`--git-dir`): what lies in a work tree cannot redirect git.
//   G2. No hook, filter, fsmonitor, textconv, pager, editor or transport helper runs.
//   G3. The same input gives the same object ids: identity, dates, time zone and line endings are set here.

import { mkdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadcountError } from '../bus/errors.ts';

/** A git command that failed: a bug here, or a damaged repository. */
export class GitFailed extends HeadcountError {
  override readonly name = 'GitFailed';
  constructor(command: string, said: string) {
    super(
      'GIT_FAILED',
      `git ${command} failed: ${said}`,
      'look at the repository with git fsck; a stale index.lock can be deleted',
    );
  }
}

/** Where a command works. */
export type GitAt = {
  readonly gitDir: string;
  readonly workTree?: string;
  /** Another index than the repository's own. */
  readonly index?: string;
};

/** Who made a commit; `at` in epoch ms. */
export type Identity = { readonly author: string; readonly at: number };

type GitOptions = {
  readonly input?: string;
  readonly identity?: Identity;
  /** Exit codes that are an answer and no failure, besides 0. */
  readonly codes?: readonly number[];
};

type GitAnswer = { readonly code: number; readonly out: string };

export interface Git {
  /** Runs one command on one repository. Throws GitFailed. */
  run(at: GitAt, args: readonly string[], options?: GitOptions): Promise<GitAnswer>;
  /** Creates a repository with this branch as its HEAD. Throws GitFailed. */
  init(dir: string, branch: string, bare: boolean): Promise<void>;
}

/** Who commits and merges. */
export const harness = 'harness';

const hardened = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.autocrlf=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.quotePath=false',
  'safe.bareRepository=explicit',
  'protocol.allow=never',
  'protocol.file.allow=always',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.fsckObjects=true',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
];

/** A git command that says nothing for this long is ended, in ms. */
const SILENT_MS = 60_000;

/** Characters that cannot stand in the name of an author. */
const UNNAMEABLE = /[^A-Za-z0-9._ -]+/g;

/** The name and address that stand in a commit for somebody who works here. */
export function mailbox(who: string): { name: string; email: string } {
  const given = who.replace(UNNAMEABLE, '-').slice(0, 64);
  // Git takes dots and spaces off both ends, and refuses a name of nothing else.
  const name = /[^. ]/.test(given) ? given : 'unknown';
  return { name, email: `${name.replace(/[ @]/g, '-')}@headcount.local` };
}

function identityEnv(identity: Identity): Record<string, string> {
  const author = mailbox(identity.author);
  const committer = mailbox(harness);
  const date = `${Math.floor(identity.at / 1000)} +0000`;
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: date,
  };
}

function placeOf(at: GitAt): string[] {
  return [`--git-dir=${at.gitDir}`, ...(at.workTree === undefined ? [] : [`--work-tree=${at.workTree}`])];
}

/** What GIT_TRACE prints. */
const TRACE_LINE = /^\d\d:\d\d:\d\d\.\d+ \S+:\d+ +trace: /;

/** The last line that git said, without the folders of this machine. */
function lastLine(said: string, hidden: readonly string[]): string {
  const lines = said.trim().split('\n');
  let text = lines.findLast((line) => !TRACE_LINE.test(line)) ?? '';
  for (const path of hidden) text = text.replaceAll(path, '<repository>');
  return text.slice(0, 300) || 'no reason given';
}

/** A bare repository, by its files: all that git would have written. */
async function initBare(dir: string, branch: string, config: string): Promise<void> {
  const folders = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'];
  await Promise.all(folders.map((folder) => mkdir(join(dir, folder), { recursive: true })));
  await writeFile(join(dir, 'config'), config);
  await writeFile(join(dir, 'HEAD'), `ref: refs/heads/${branch}\n`);
}

/**
 * @param options.home a folder of its own, so that nobody's ~/.gitconfig is read
 * @param options.env only PATH is taken from it
 */
export function openGit(options: { readonly home: string; readonly env: NodeJS.ProcessEnv }): Git {
  mkdirSync(options.home, { recursive: true });
  const base: Record<string, string> = {
    PATH: options.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: options.home,
    TZ: 'UTC',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_LFS_SKIP_SMUDGE: '1',
    // Whatever a later git takes for itself: ids are compared with ours (objects.ts), and refs are read as files (repo.ts).
    GIT_DEFAULT_HASH: 'sha1',
    GIT_DEFAULT_REF_FORMAT: 'files',
    // simple-git waits 50 ms more for a command that prints nothing: one line on stderr spares that.
    GIT_TRACE: '1',
  };

  async function spawn(args: readonly string[], given: GitOptions, extra: Record<string, string>): Promise<GitAnswer> {
    const env = { ...base, ...extra };
    const accepted = [0, ...(given.codes ?? [])];
    let code = 0;
    // Loaded with the first command: a company that starts has other things to do first.
    const { simpleGit } = await import('simple-git');
    const git = simpleGit({
      baseDir: options.home,
      config: hardened,
      allowEnvironment: Object.keys(env).filter((name) => name.startsWith('GIT_')),
      completion: { onClose: true, onExit: false },
      timeout: { block: SILENT_MS },
      input: () => given.input,
      // simple-git takes a failing command with an empty stderr for a success, and an answer like "conflict" for a failure.
      errors: (error, result) => {
        code = result.exitCode;
        if (accepted.includes(code)) return undefined;
        return error ?? Buffer.from(`exit code ${code}`);
      },
      unsafe: {
        // simple-git cannot tell our own hardening and our own paths from an attacker's.
        allowUnsafeHooksPath: true,
        allowUnsafeFsMonitor: true,
        allowUnsafeProtocolOverride: true,
        allowUnsafeConfigPaths: true,
        allowUnsafeTemplateDir: true,
      },
    });
    const out = await git.env(env).raw([...args]);
    return { code, out };
  }

  /** What git has found out about this disk when it made the first one: it says the same of the next. */
  let bareConfig: string | undefined;

  return {
    async run(at, args, given = {}) {
      const extra = {
        ...(given.identity ? identityEnv(given.identity) : {}),
        ...(at.index === undefined ? {} : { GIT_INDEX_FILE: at.index }),
      };
      const command = args[0] ?? '';
      try {
        return await spawn([...placeOf(at), '--literal-pathspecs', ...args], given, extra);
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        throw new GitFailed(command, lastLine(said, [at.gitDir, at.workTree ?? at.gitDir, options.home]));
      }
    },
    async init(dir, branch, bare) {
      if (bare && bareConfig !== undefined) return initBare(dir, branch, bareConfig);
      try {
        await spawn(
          ['init', '--template=', `--initial-branch=${branch}`, ...(bare ? ['--bare'] : []), '--', dir],
          {},
          {},
        );
      } catch (error) {
        throw new GitFailed('init', lastLine(error instanceof Error ? error.message : String(error), [dir]));
      }
      if (bare) bareConfig = await readFile(join(dir, 'config'), 'utf8');
    },
  };
}
