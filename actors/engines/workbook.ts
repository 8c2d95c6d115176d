// The files of a product as a worker in a tool loop sees them: a commit, and its own changes on top. Everything here is a
// function of the two, so after a crash the recorded calls make the same files again. Nothing is on the disk.

import type { FileChange } from '../../bus/records.ts';
import { checkChanges, PathRefused, refusedPath } from '../../tools/paths.ts';
import type { Products } from '../../tools/tools.ts';

/** A wish that cannot be granted: the model is told, and may try something else. */
export class ToolRefused extends Error {
  override readonly name = 'ToolRefused';
}

export type Hit = { readonly path: string; readonly line: number; readonly text: string };

/** Files larger than this are not searched: bytes. */
const SEARCHED = 200_000;

export class Workbook {
  readonly #read: (path: string) => Promise<string | undefined>;
  readonly #before: ReadonlySet<string>;
  readonly #refusePath: (path: string) => string | undefined;
  /** Undefined: deleted. */
  readonly #changed = new Map<string, string | undefined>();

  private constructor(
    before: readonly string[],
    read: (path: string) => Promise<string | undefined>,
    refusePath: (path: string) => string | undefined,
  ) {
    this.#before = new Set(before);
    this.#read = read;
    this.#refusePath = refusePath;
  }

  static async open(
    products: Pick<Products, 'list' | 'read'>,
    at: { readonly slug: string; readonly commit: string },
    refusePath: (path: string) => string | undefined,
  ): Promise<Workbook> {
    const read = (path: string) => products.read(at.slug, at.commit, path);
    return new Workbook(await products.list(at.slug, at.commit), read, refusePath);
  }

  /** Paths, sorted; below a folder when one is named. */
  paths(folder?: string): readonly string[] {
    const below = folder === undefined || folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`;
    const all = new Set([...this.#before, ...this.#changed.keys()]);
    return [...all].filter((path) => this.#has(path) && path.startsWith(below)).sort();
  }

  /** Throws ToolRefused. */
  async read(path: string): Promise<string> {
    const text = this.#has(path) ? await this.#now(path) : undefined;
    if (text === undefined) throw new ToolRefused(`there is no file ${JSON.stringify(path.slice(0, 120))}`);
    return text;
  }

  /** Lines that contain a text, letter by letter; at most `most`. */
  async search(text: string, folder: string | undefined, most: number): Promise<readonly Hit[]> {
    const hits: Hit[] = [];
    for (const path of this.paths(folder)) {
      const content = (await this.#now(path)) ?? '';
      if (content.length > SEARCHED || !content.includes(text)) continue;
      for (const [index, line] of content.split('\n').entries()) {
        if (line.includes(text)) hits.push({ path, line: index + 1, text: line.slice(0, 200) });
        if (hits.length === most) return hits;
      }
    }
    return hits;
  }

  /** Throws PathRefused for a path that may not be written, ToolRefused for one that cannot be. */
  write(path: string, content: string): void {
    this.#check(path);
    const changed = new Map(this.#changed).set(path, content);
    const files = [...changed].flatMap(([name, text]) => (text === undefined ? [] : [{ path: name, content: text }]));
    checkChanges(files);
    this.#changed.set(path, content);
  }

  /** Replaces a text that is in the file exactly once. Throws PathRefused, ToolRefused. */
  async edit(path: string, old: string, replacement: string): Promise<void> {
    const content = await this.read(path);
    const parts = content.split(old);
    if (parts.length === 1) throw new ToolRefused(`the text to replace is not in ${path}, letter by letter`);
    if (parts.length > 2)
      throw new ToolRefused(`the text to replace is ${parts.length - 1} times in ${path}: give more of it`);
    this.write(path, parts.join(replacement));
  }

  /** Throws PathRefused, ToolRefused. */
  remove(path: string): void {
    this.#check(path);
    if (!this.#has(path)) throw new ToolRefused(`there is no file ${JSON.stringify(path.slice(0, 120))}`);
    this.#changed.set(path, undefined);
  }

  /** What differs from the commit, by path. */
  async changes(): Promise<readonly FileChange[]> {
    const changes: FileChange[] = [];
    for (const path of [...this.#changed.keys()].sort()) {
      const content = this.#changed.get(path);
      const before = this.#before.has(path) ? await this.#read(path) : undefined;
      if (content === before) continue;
      changes.push(content === undefined ? { path, delete: true } : { path, content });
    }
    return changes;
  }

  #has(path: string): boolean {
    return this.#changed.has(path) ? this.#changed.get(path) !== undefined : this.#before.has(path);
  }

  async #now(path: string): Promise<string | undefined> {
    return this.#changed.has(path) ? this.#changed.get(path) : this.#read(path);
  }

  #check(path: string): void {
    const why = refusedPath(path) ?? this.#refusePath(path);
    if (why !== undefined) throw new PathRefused(path, why);
    const collision = this.#collision(path);
    if (collision !== undefined)
      throw new ToolRefused(`${JSON.stringify(path.slice(0, 120))} is refused: ${collision}`);
  }

  #collision(path: string): string | undefined {
    const names = path.split('/');
    const above = names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
    if (above.some((folder) => this.#has(folder))) return 'one of its folders is a file';
    return this.paths(path).length > 0 ? 'it is a folder' : undefined;
  }
}
