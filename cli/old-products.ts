// A scenario builds its product from nothing. What an earlier run built may be replaced; what a person has touched since is
// kept beside it.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Git } from '../tools/git.ts';
import type { Places } from './places.ts';

const NOTE = 'built-';

const noteOf = (places: Places, slug: string): string => join(places.work, `${NOTE}${slug}`);

/** Products that scenarios have built here and that are still there. */
export function builtIn(places: Places): readonly string[] {
  const notes = existsSync(places.work) ? readdirSync(places.work).filter((name) => name.startsWith(NOTE)) : [];
  return notes.map((name) => name.slice(NOTE.length)).filter((slug) => existsSync(join(places.products, slug)));
}

async function untouched(git: Git, dir: string, built: string | undefined): Promise<boolean> {
  if (built === undefined) return false;
  const at = { gitDir: join(dir, '.git'), workTree: dir };
  const head = await git.run(at, ['rev-parse', 'HEAD'], { codes: [128] });
  const changed = await git.run(at, ['status', '--porcelain'], { codes: [128] });
  return head.code === 0 && changed.code === 0 && head.out.trim() === built && changed.out.trim() === '';
}

/** Makes room for a product. Returns where the old one was moved to, when it was kept. */
export async function makeRoom(git: Git, places: Places, slug: string): Promise<string | undefined> {
  const dir = join(places.products, slug);
  if (!existsSync(dir)) return undefined;
  const note = noteOf(places, slug);
  const built = existsSync(note) ? readFileSync(note, 'utf8').trim() : undefined;
  const ours = await untouched(git, dir, built);
  rmSync(note, { force: true });
  if (ours) {
    rmSync(dir, { recursive: true, force: true });
    return undefined;
  }
  let n = 1;
  while (existsSync(`${dir}.kept-${n}`)) n += 1;
  renameSync(dir, `${dir}.kept-${n}`);
  return `${dir}.kept-${n}`;
}

/** Notes what this run left, so that the next one can tell whether somebody has worked on it. */
export function noteBuilt(places: Places, slug: string, head: string): void {
  mkdirSync(places.work, { recursive: true });
  writeFileSync(noteOf(places, slug), `${head}\n`);
}
