// The folder beside a scenario, named like it: files that its answers write, and texts that its knowledge agent has read.
// Nothing outside of it is read, whatever the scenario says.

import { readdir, readFile } from 'node:fs/promises';
import { basename, isAbsolute, join, normalize } from 'node:path';

export type Folder = {
  /** As errors call it. */
  readonly name: string;
  /** Every file below a folder, by its path in there, sorted; empty when there is no such folder. */
  files(name: string): Promise<{ readonly path: string; readonly content: string }[]>;
  /** One text; undefined when there is no such file. */
  text(path: string): Promise<string | undefined>;
};

/** Where a path leads inside the folder; undefined for one that leads out. */
function inside(root: string, path: string): string | undefined {
  const clean = normalize(path);
  return isAbsolute(clean) || clean.split(/[\\/]/).includes('..') ? undefined : join(root, clean);
}

/** Symbolic links are not followed: they are neither files nor folders here. */
async function filesBelow(folder: string, prefix = ''): Promise<{ path: string; content: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: { path: string; content: string }[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const from = join(folder, entry.name);
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(from, `${path}/`)));
    else if (entry.isFile()) found.push({ path, content: await readFile(from, 'utf8') });
  }
  return found;
}

/** @param root the folder on disk; it need not exist */
export function openFolder(root: string): Folder {
  return {
    name: `${basename(root)}/`,
    async files(name) {
      const folder = inside(root, name);
      return folder === undefined ? [] : filesBelow(folder);
    },
    async text(path) {
      const file = inside(root, path);
      return file === undefined ? undefined : readFile(file, 'utf8').catch(() => undefined);
    },
  };
}
