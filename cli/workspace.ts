// Whether what a run writes can be written, found out before anything has begun.

import { constants } from 'node:fs';
import { access, mkdir, open, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HeadcountError, reasonOf } from '../bus/errors.ts';

/** A folder or file that a run needs cannot be written. Exit code 5. */
export class NotWritable extends HeadcountError {
  override readonly name = 'NotWritable';
  constructor(what: string, next: string, cause: unknown) {
    super('NOT_WRITABLE', `cannot write ${what}`, next, { cause });
  }
}

/** Makes sure `.headcount` can be written. Throws NotWritable. */
export async function openWorkspace(cwd: string): Promise<void> {
  const dir = join(cwd, '.headcount');
  const probe = join(dir, `.probe-${process.pid}`);
  try {
    await mkdir(dir, { recursive: true });
    await (await open(probe, 'w')).close();
    await unlink(probe);
  } catch (cause) {
    throw new NotWritable(dir, 'run it in a folder you can write to', cause);
  }
}

/** Makes sure a file can be made or replaced, without doing so. Throws NotWritable. */
export async function checkTarget(path: string): Promise<void> {
  try {
    const folder = dirname(path);
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
    await access(folder, constants.W_OK);
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory()) throw new Error('it is a folder');
  } catch (cause) {
    throw new NotWritable(path, 'name a file in a folder that is there', reasonOf(cause));
  }
}

/** Makes sure a folder is there or can be made, without doing so. Throws NotWritable. */
export async function checkFolder(path: string): Promise<void> {
  try {
    let nearest = path;
    for (;;) {
      const there = await stat(nearest).catch(notThere);
      if (there?.isDirectory()) return await access(nearest, constants.W_OK);
      if (there) throw new Error(`${nearest} is no folder`);
      nearest = dirname(nearest);
    }
  } catch (cause) {
    throw new NotWritable(path, 'name a folder that can be made', reasonOf(cause));
  }
}

function notThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
