// The embedded store on disk: one file for each text of a document, named by what is in it, and a catalogue that names those
// that count. A file is written aside, synced and renamed, the catalogue last: whatever dies in between, the catalogue names
// only what is there as a whole, and files that it does not name are swept away by the next writer.

import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { categories, type Passage } from '../passage.ts';
import { StoreTrouble } from '../store.ts';

const FORMAT = 1;

const Entry = z.strictObject({
  source: z.string(),
  category: z.enum(categories),
  digest: z.string(),
  passages: z.number(),
  since: z.number(),
  /** Version that replaced it; absent: it counts now. */
  until: z.number().optional(),
  file: z.string().regex(/^[0-9a-f]{32}\.json$/),
});
export type Entry = z.infer<typeof Entry>;

const Catalogue = z.strictObject({
  format: z.literal(FORMAT),
  id: z.string(),
  version: z.number(),
  vectors: z.strictObject({ name: z.string(), dimensions: z.number() }).optional(),
  documents: z.array(Entry),
});
export type Catalogue = z.infer<typeof Catalogue>;

const Stored = z.strictObject({
  pieces: z.array(
    z.strictObject({
      text: z.string(),
      page: z.number().optional(),
      heading: z.string().optional(),
      orders: z.boolean().optional(),
    }),
  ),
  /** All vectors, one after the other: 32-bit floats, little endian, base64. */
  vectors: z.string(),
});

export type StoredText = {
  readonly pieces: readonly Omit<Passage, 'source' | 'category'>[];
  readonly vectors: Float32Array;
};

const CATALOGUE = 'catalogue.json';

export class KnowledgeFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The catalogue; undefined when there is none yet. Throws StoreTrouble for one that cannot be read. */
  async catalogue(): Promise<Catalogue | undefined> {
    const path = join(this.folder, CATALOGUE);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw unreadable(path, error);
    });
    if (text === undefined) return undefined;
    try {
      return Catalogue.parse(JSON.parse(text));
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /** Tells one state of the catalogue from another without reading it. */
  async stamp(): Promise<string> {
    const found = await stat(join(this.folder, CATALOGUE)).catch(() => undefined);
    return found === undefined ? 'none' : `${found.ino} ${found.mtimeMs} ${found.size}`;
  }

  /** Throws StoreTrouble. */
  async text({ file, source }: Entry): Promise<StoredText> {
    const path = join(this.folder, file);
    try {
      const { pieces, vectors } = Stored.parse(JSON.parse(await readFile(path, 'utf8')));
      const bytes = Buffer.from(vectors, 'base64');
      return { pieces, vectors: new Float32Array(new Uint8Array(bytes).buffer) };
    } catch (error) {
      throw unreadable(`${path} (${source})`, error);
    }
  }

  /** Keeps a text and returns the name of its file. Throws StoreTrouble. */
  async keep({ pieces, vectors }: StoredText): Promise<string> {
    const bytes = Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    const text = JSON.stringify({ pieces, vectors: bytes.toString('base64') });
    const file = `${createHash('sha256').update(text).digest('hex').slice(0, 32)}.json`;
    await this.#write(file, text);
    return file;
  }

  /** Throws StoreTrouble. */
  async commit(catalogue: Catalogue): Promise<void> {
    await this.#write(CATALOGUE, JSON.stringify(catalogue));
    await this.#sweep(new Set(catalogue.documents.map(({ file }) => file)));
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    const aside = `${path}.${process.pid}.new`;
    try {
      await mkdir(this.folder, { recursive: true });
      const file = await open(aside, 'w');
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(aside, path);
    } catch (cause) {
      await rm(aside, { force: true }).catch(() => undefined);
      throw new StoreTrouble('KNOWLEDGE_NOT_WRITTEN', `cannot write ${path}`, 'make room there, then ingest again', {
        cause,
      });
    }
  }

  /** Removes what is not named any more. What stays behind does no harm. */
  async #sweep(named: ReadonlySet<string>): Promise<void> {
    const there = await readdir(this.folder).catch(() => []);
    const old = there.filter((name) => /^[0-9a-f]{32}\.json|\.new$/.test(name) && !named.has(name));
    await Promise.all(old.map((name) => rm(join(this.folder, name), { force: true }).catch(() => undefined)));
  }
}

function unreadable(path: string, cause: unknown): StoreTrouble {
  return new StoreTrouble(
    'KNOWLEDGE_DAMAGED',
    `${path} cannot be read`,
    'remove that folder and ingest again: the documents themselves are where they were',
    { cause },
  );
}
