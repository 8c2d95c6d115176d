// The files below what was named. No link is followed and nothing but ordinary files is opened, so a folder can neither lead
// outside itself nor in circles, and no pipe is waited for.

import { lstat, readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { HeadcountError } from '../../../bus/errors.ts';
import type { Refusal } from './document.ts';

export type Skipped = { readonly source: string; readonly refusal: Refusal; readonly reason: string };

export type Found = {
  /** In the order of their names. */
  readonly files: readonly { readonly source: string; readonly path: string }[];
  readonly skipped: readonly Skipped[];
  /** The folders that were named, as sources; what was read from them before and is not there any more has gone. */
  readonly folders: readonly string[];
};

/** What no one means when naming a folder: other people's code, what git and tools keep. */
const LEFT_OUT = new Set(['node_modules', '__pycache__']);
/** More files than this in one go are a mistake. */
const MOST_FILES = 50_000;

/** A path that was named does not exist, or there is too much. Exit code 2. */
export class NothingToRead extends HeadcountError {
  override readonly name = 'NothingToRead';
  constructor(message: string, next: string, cause?: unknown) {
    super('NOTHING_TO_READ', message, next, { exit: 2, cause });
  }
}

/** A path as the knowledge calls it: relative to the workspace, with slashes; absolute when it lies outside. */
export function sourceOf(path: string, workspace: string): string {
  const inside = relative(workspace, path);
  const named = inside.startsWith('..') || isAbsolute(inside) ? path : inside === '' ? '.' : inside;
  return named.split(sep).join('/');
}

/** Finds the files below the given paths. Throws NothingToRead. */
export async function findFiles(paths: readonly string[], workspace: string): Promise<Found> {
  const files = new Map<string, string>();
  const skipped: Skipped[] = [];
  const folders: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const source = sourceOf(path, workspace);
    const kind = await lstat(path);
    if (kind.isSymbolicLink()) skipped.push({ source, refusal: 'link', reason: 'a link: links are not followed' });
    else if (kind.isDirectory()) for (const name of await namesIn(path, source, skipped)) await visit(join(path, name));
    else if (!kind.isFile()) skipped.push({ source, refusal: 'special', reason: 'no ordinary file' });
    else files.set(source, path);
    if (files.size > MOST_FILES) throw new NothingToRead(`more than ${MOST_FILES} files`, 'name smaller folders');
  };
  for (const named of paths) {
    // What a person names is meant, also through a link.
    const path = await realpath(resolve(workspace, named)).catch((cause: unknown) => {
      throw new NothingToRead(`there is no ${named}`, 'check the path', cause);
    });
    if ((await lstat(path)).isDirectory()) folders.push(sourceOf(path, workspace));
    await visit(path);
  }
  return { files: [...files].map(([source, path]) => ({ source, path })), skipped, folders };
}

async function namesIn(path: string, source: string, skipped: Skipped[]): Promise<string[]> {
  try {
    const names = await readdir(path);
    return names.filter((name) => !name.startsWith('.') && !LEFT_OUT.has(name)).toSorted();
  } catch (error) {
    skipped.push({ source, refusal: 'unreadable', reason: error instanceof Error ? error.message : String(error) });
    return [];
  }
}
