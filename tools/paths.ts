// The path guard: where a model may write. Every path of an answer is judged before the first byte is written.

import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { HeadcountError } from '../bus/errors.ts';
import type { FileChange } from '../bus/records.ts';
import { isDeviceName } from './names.ts';

/** A file that may not be written; the answer that asked for it is refused whole. */
export class PathRefused extends HeadcountError {
  override readonly name = 'PathRefused';
  readonly path: string;
  readonly why: string;
  constructor(path: string, why: string) {
    super(
      'PATH_REFUSED',
      `${JSON.stringify(path.slice(0, 120))} is refused: ${why}`,
      'name files by relative paths inside the product, with / between folders',
      { exit: 3 },
    );
    this.path = path;
    this.why = why;
  }
}

export const fileLimits = {
  files: 200,
  fileBytes: 1_000_000,
  totalBytes: 5_000_000,
  pathLength: 240,
  nameLength: 100,
  depth: 12,
} as const;

/** Control characters, and characters that are invisible or change the direction of text. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** What the short names of old Windows make of `.git`. */
const SHORT_GIT = /^git~\d+$/i;

/** Why one component of a path is refused; undefined when it is fine. */
function refusedName(name: string): string | undefined {
  if (name === '') return 'it has an empty component';
  if (name === '.' || name === '..') return 'it goes outside by . or ..';
  if (name.length > fileLimits.nameLength) return `a name is longer than ${fileLimits.nameLength} characters`;
  if (/[. ]+$/.test(name) || name.startsWith(' ')) return 'a name ends with a dot or a space';
  if (/^\.git$/i.test(name) || SHORT_GIT.test(name)) return 'it is inside a git directory';
  if (isDeviceName(name)) return 'it is a device name on Windows';
  return undefined;
}

/** Why this text is no path for a product; undefined when it is one. Looks at no file. */
export function refusedPath(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.length > fileLimits.pathLength) return `it is longer than ${fileLimits.pathLength} characters`;
  if (UNSEEN.test(path)) return 'it has control or invisible characters';
  if (path !== path.normalize('NFC')) return 'it is not in the normal form NFC';
  if (path.startsWith('/') || path.startsWith('~')) return 'it is absolute';
  if (/[\\:*?"<>|]/.test(path)) return 'it has one of \\ : * ? " < > |';
  const names = path.split('/');
  if (names.length > fileLimits.depth) return `it is more than ${fileLimits.depth} folders deep`;
  for (const name of names) {
    const why = refusedName(name);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Judges an answer's files by their text alone. Throws PathRefused. */
export function checkChanges(files: readonly FileChange[]): void {
  const first = files[0]?.path ?? '';
  if (files.length > fileLimits.files) throw new PathRefused(first, `there are more than ${fileLimits.files} files`);
  const seen = new Set<string>();
  let total = 0;
  for (const file of files) {
    const why = refusedPath(file.path);
    if (why !== undefined) throw new PathRefused(file.path, why);
    // Two names that differ only in case are one file on some systems.
    const key = file.path.toLowerCase();
    if (seen.has(key)) throw new PathRefused(file.path, 'it is named twice');
    seen.add(key);
    const bytes = 'content' in file ? Buffer.byteLength(file.content) : 0;
    total += bytes;
    if (bytes > fileLimits.fileBytes) throw new PathRefused(file.path, 'it is larger than 1 MB');
    if (total > fileLimits.totalBytes) throw new PathRefused(file.path, 'the files together are larger than 5 MB');
  }
  for (const file of files) checkParents(file.path, files, seen);
}

function checkParents(path: string, files: readonly FileChange[], seen: ReadonlySet<string>): void {
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    if (!seen.has(parent.toLowerCase())) continue;
    const other = files.find((file) => file.path.toLowerCase() === parent.toLowerCase());
    if (other && 'content' in other) throw new PathRefused(path, `${parent} is both a file and a folder`);
  }
}

async function kindOf(path: string): Promise<'none' | 'file' | 'folder' | 'other'> {
  try {
    const stat = await lstat(path);
    if (stat.isFile()) return 'file';
    return stat.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'none';
    throw error;
  }
}

/**
 * The absolute place of a checked path below `root`, which must not be reached through a link.
 * @returns the place, and whether a file is there now
 * Throws PathRefused.
 */
export async function placeInside(
  root: string,
  path: string,
): Promise<{ readonly place: string; readonly exists: boolean }> {
  const why = refusedPath(path);
  if (why !== undefined) throw new PathRefused(path, why);
  const real = await realpath(root);
  let parent = real;
  for (const name of path.split('/').slice(0, -1)) {
    parent = join(parent, name);
    const kind = await kindOf(parent);
    if (kind === 'none') break;
    if (kind !== 'folder') throw new PathRefused(path, 'one of its folders is a link or a file');
    if (!(await realpath(parent)).startsWith(real + sep)) throw new PathRefused(path, 'it leads outside');
  }
  const place = join(real, ...path.split('/'));
  const kind = await kindOf(place);
  if (kind === 'folder') throw new PathRefused(path, 'it is a folder');
  if (kind === 'other') throw new PathRefused(path, 'it is a link or no plain file');
  return { place, exists: kind === 'file' };
}
