// How fast documents are read and asked, and what that takes in memory.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lexical } from '../../../brain/knowledge/embeddings/lexical.ts';
import { ingest } from '../../../brain/knowledge/ingest.ts';
import { askStore } from '../../../brain/knowledge/library.ts';
import { Reader } from '../../../brain/knowledge/reading/reader.ts';
import type { KnowledgeStore } from '../../../brain/knowledge/store.ts';
import { corpusFolder, readQuestions } from './questions.ts';

const MEGABYTE = 1_000_000;
/** Comes to about 10,000 passages, the size that the goal for a query names. */
const BYTES = 7.7 * MEGABYTE;
const ASKED = 200;

export type Speed = {
  readonly megabytes: number;
  /** Processor time of all threads, s: as on one core. */
  readonly cpuS: number;
  /** On the wall, s: with what a server does for it. */
  readonly wallS: number;
  readonly passages: number;
  /** Processor time of one question, ms; what others do on this machine does not count. */
  readonly queryCpuMs: number;
  readonly medianMs: number;
  readonly slowestOf20Ms: number;
  /** Reading all texts for one word, ms: what any search without an index has to do. */
  readonly scanMs: number;
  /** What the index holds: heap and blocks of numbers after a collection, with it less without it, MB. */
  readonly indexMb: number;
  /** Of the process with all of it loaded, MB. */
  readonly residentMb: number;
  /** Building the index at the first question, ms. */
  readonly firstMs: number;
};

export type OpenedStore = { readonly store: KnowledgeStore; close(): Promise<void> };

/** Documents of the corpus with other words in each, so that none is the copy of another. */
async function writeDocuments(folder: string): Promise<number> {
  const names = await readdir(corpusFolder);
  const texts = await Promise.all(names.map((name) => readFile(join(corpusFolder, name), 'utf8')));
  let bytes = 0;
  await mkdir(folder);
  for (let copy = 0; bytes < BYTES; copy += 1) {
    for (const [index, text] of texts.entries()) {
      const own = text.replace(/\b[a-z]{6,}\b/g, (word, at: number) => (at % 7 === copy % 7 ? `${word}${copy}` : word));
      await writeFile(join(folder, `${copy}-${names[index]}`), own);
      bytes += Buffer.byteLength(own);
    }
  }
  return bytes;
}

/** What is held after everything that can go has gone, MB. */
function heldMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / MEGABYTE;
}

const middle = (sorted: readonly number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;

/** @param open a store in a folder that is there for as long as the measurement */
export async function measureSpeed(open: (folder: string) => Promise<OpenedStore>): Promise<Speed> {
  const workspace = await mkdtemp(join(tmpdir(), 'headcount-retrieval-'));
  const reader = new Reader();
  let closing = async (): Promise<void> => {};
  try {
    const bytes = await writeDocuments(join(workspace, 'docs'));
    const { store, close } = await open(join(workspace, 'kept'));
    closing = close;
    const signal = new AbortController().signal;
    const before = process.cpuUsage();
    const categoryOf = () => 'engineering' as const;
    const paths = ['docs'];
    const begun = performance.now();
    const report = await ingest({ store, embeddings: lexical, reader, workspace, paths, categoryOf, signal });
    const wallS = (performance.now() - begun) / 1e3;
    const { user, system } = process.cpuUsage(before);
    const shelf = { store, embeddings: lexical };
    const questions = readQuestions('tuned').slice(0, ASKED);
    const empty = heldMb();
    const started = performance.now();
    await askStore(shelf, 'first', {}, signal);
    const firstMs = performance.now() - started;
    const times: number[] = [];
    const idle = process.cpuUsage();
    for (const { question } of questions) {
      const from = performance.now();
      await askStore(shelf, question, {}, signal);
      times.push(performance.now() - from);
    }
    const asking = process.cpuUsage(idle);
    const indexMb = heldMb() - empty;
    times.sort((one, other) => one - other);
    return {
      megabytes: bytes / MEGABYTE,
      cpuS: (user + system) / 1e6,
      wallS,
      passages: report.passages,
      queryCpuMs: (asking.user + asking.system) / 1e3 / questions.length,
      medianMs: middle(times, 0.5),
      slowestOf20Ms: middle(times, 0.95),
      scanMs: await scan(join(workspace, 'docs')),
      indexMb,
      residentMb: process.memoryUsage().rss / MEGABYTE,
      firstMs,
    };
  } finally {
    await reader.close();
    await closing();
    await rm(workspace, { recursive: true, force: true });
  }
}

async function scan(folder: string): Promise<number> {
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  const from = performance.now();
  const found = texts.filter((text) => text.toLowerCase().includes('a word that is nowhere')).length;
  return found === 0 ? performance.now() - from : 0;
}
